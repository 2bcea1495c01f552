"""From a report to a signed decision: readiness, waivers, the hash-chained record, promotion.

May import report and below.
"""
