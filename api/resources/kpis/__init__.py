"""KPI definitions, and the hours that a value rests on."""
