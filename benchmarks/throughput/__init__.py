"""How fast is it, what does it cost, what limits it, and what would others cost?

    recordings ─▶ pieces ─▶ workload ─▶ prepared ─┬▶ once        the product, from end to end
                     └────▶ expected ─────────────┤              (checked before it tells a time)
                                                  ├▶ limits      ClickHouse alone, the broker alone
                                                  └▶ peers       what people would use instead

``bench`` runs it all again and again, ``table`` and ``picture`` show what came out, ``targets``
says what was met, ``regression`` compares two results by their ratios, ``scale`` foretells more.
"""
