"""Does a text keep its brand's rules? Checked by code after the text is written, whoever or whatever wrote it."""

from lambdas.domain.compliance.brand_rules import check_brand, reading_grade
from lambdas.domain.compliance.copy_rules import CopyBrief, check_copy, is_sensitive
from lambdas.domain.compliance.urls import links_in

__all__ = ["CopyBrief", "check_brand", "check_copy", "is_sensitive", "links_in", "reading_grade"]
