"""Whether a text keeps its brand's rules. Checked by code after the text was written, whoever or whatever wrote it."""

from lambdas.domain.compliance.brand_rules import check_brand, reading_grade
from lambdas.domain.compliance.urls import links_in

__all__ = ["check_brand", "links_in", "reading_grade"]
