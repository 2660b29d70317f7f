"""All rules that the explorer can do without."""

from explorer.rules import Rule
from explorer.rules_of_outcomes import RULES_OF_OUTCOMES
from explorer.rules_of_rows import RULES_OF_ROWS
from explorer.rules_of_time import RULES_OF_TIME

RULES: tuple[Rule, ...] = (*RULES_OF_TIME, *RULES_OF_OUTCOMES, *RULES_OF_ROWS)
