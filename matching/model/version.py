"""The version of the engine, in every answer: the same request on the same data with the same version is the same bytes."""

ENGINE_VERSION = "0.1.0"
