"""Does a text keep its brand's rules? Checked by code after the text is written, whoever or whatever wrote it."""

from lambdas.domain.compliance.links import links_in
from lambdas.domain.compliance.reading import reading_grade
from lambdas.domain.compliance.rules import check_brand

__all__ = ["check_brand", "links_in", "reading_grade"]
