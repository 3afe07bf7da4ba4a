"""Style sheets into style attributes, as mail programs want them."""


def inlined(html: str) -> str:
    """``html`` with the rules of its ``<style>`` elements on the elements they are for, and no style element left."""
    # Only whoever mails pays for loading it: 40 ms.
    from css_inline import inline

    return inline(html, load_remote_stylesheets=False)
