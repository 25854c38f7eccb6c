"""The pack for data-protection officers, works councils and regulators: written from the running
configuration, so that it says what the programs do.

    facts ──▶ record, assessment, notice, measures ──▶ blocks ──▶ Markdown, HTML
"""
