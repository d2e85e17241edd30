"""Published annotations that may be measured with but not copied: read from a folder beside the checkout where there is one."""
