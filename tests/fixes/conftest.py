"""Failures of the shared checks show both sides."""

import pytest

pytest.register_assert_rewrite("tests.fixes.check")
