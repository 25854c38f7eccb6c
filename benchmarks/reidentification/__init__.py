"""Re-identification test: is a pointer's path, as the product keeps it, still a biometric?

    recordings ─▶ through ─▶ segment ─▶ features ─▶ identify     whose session is this?
                     │                         └──▶ usefulness   what is the data still good for?
                     └─▶ minutes ─▶ link          which pseudonym of the other purpose is this?
                            └────▶ reports        who is in this team?

``run`` does all of it, for each grid and tick; ``show`` and ``picture`` tell what came out.
"""
