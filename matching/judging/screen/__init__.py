"""The whole registry judged at once: the expressions of all trials as arrays, with the same answers as `evaluate`."""

from matching.judging.screen.arrays import ScreenArrays
from matching.judging.screen.build import ScreenBuilder
from matching.judging.screen.counting import Counted, Screen

__all__ = ["Counted", "Screen", "ScreenArrays", "ScreenBuilder"]
