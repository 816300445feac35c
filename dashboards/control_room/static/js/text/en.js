// The page's own words. Boards bring theirs.

export const en = {
  skip: "Skip to content", controlRoom: "Control room", boards: "Boards", city: "City", simulated: "simulated",
  simulatedBanner: "Simulated data: {city} does not exist, and nothing here was measured.",
  live: "live", connecting: "connecting", quiet: "connected, newest {age} ago", quietHint: "The connection is there, but nothing new has been measured. Is ingest running?", notLive: "not live since {time}", liveHint: "New values appear by themselves.",
  notLiveHint: "The connection for live values is gone; it is tried again. Values are still asked for every {seconds} s.",
  language: "Language", theme: "Theme", themeAuto: "as the system", themeDark: "dark", themeLight: "light", help: "Help", close: "Close", menu: "Menu",
  clock: "Time in {city}", home: "City now",
  // states
  loading: "Loading", failed: "Could not be loaded", retry: "Try again", old: "old", oldSince: "old: from {time}", oldAge: "old: {age}",
  refreshFailed: "could not be refreshed", noData: "No data", noDataSince: "No data: silent since {time}", tooLittle: "No value yet: too little data", noSites: "no sensors yet", noDataRange: "No data in this time range",
  unreachable: "The server does not answer. Is ‘bypuls serve’ running? It is tried again by itself.",
  timeout: "The server took longer than 20 seconds. Choose a shorter time range, or try again.",
  unreadable: "The answer could not be read. Reload the page.", unreachableTitle: "No answer",
  notKnown: "There is no panel type ‘{type}’ on this page", truncated: "cut off after {rows} rows: choose a shorter time range",
  // panels
  asTable: "Show as table", asChart: "Show as chart", fullScreen: "Full screen", leaveFullScreen: "Leave full screen", about: "About this panel",
  actions: "{panel}: actions", openBoard: "Open board", time: "Time", value: "Value", series: "Series", limit: "Limit", sortBy: "Sort by {column}",
  rowsShown: "{count} rows", expand: "Show section", collapse: "Hide section", legend: "Legend", all: "All", showSeries: "Show or hide {series}",
  // classes
  class1: "Good", class2: "Fair", class3: "Moderate", class4: "Poor", class5: "Very poor", class6: "Extremely poor", class0: "No class",
  levelFine: "fine", levelRaised: "raised", levelHigh: "high", shareFine: "fine", shareRaised: "low", shareHigh: "too low", deviationFine: "as normal", deviationRaised: "unusual", deviationHigh: "very unusual",
  partial: "partial", partialHint: "Not every pollutant of the index is measured.", indicative: "indicative",
  // city now
  air: "Air", traffic: "Traffic", energy: "Energy", noise: "Noise", daySoFar: "Day so far", afterHours: "{hours}/24 h",
  daysUsed: "Days used", usedOf: "{used} of {allowed}", over: "over", nearlyUsed: "nearly used up", sites: "{ok} of {all} sites", sitesLabel: "{ok} of {all} sites measuring, newest value {age} old",
  since: "since {time}", sinceLonger: "for over {span}", target: "Target", trend: "Last 24 hours", whyThis: "Evidence: which sensors, which formula, what was left out", weather: "Weather",
  at: "at {place}", map: "Map", list: "List", asMap: "Show as map", asList: "Show as list", needsHand: "Needs a hand", nothingNeeds: "Nothing needs a hand.", nothingNeeded: "Nothing needed a hand at {time}.", serverAway: "Not up to date since {time}.", askedAgain: "The page asks again by itself.",
  newestObservation: "newest observation {age} ago", noObservation: "no observation yet", perMinute: "{count} values/min", refused: "{count} refused", behind: "rollups {age} behind",
  pipeline: "How the data flow", site: "Site", kind: "Kind", state: "State", silent: "silent", silentSince: "silent since {time}", mapHelp: "Colour: class. Shape: kind of site. Hollow: silent.",
  traffic_site: "traffic", background: "background", industrial: "industrial", road: "road", building: "building", household: "household", weather_site: "weather", noise_site: "noise", other: "other",
  severityAlarm: "alarm", severityWarning: "warning", severityInfo: "note", sinceShort: "{age}",
  hand_silent: "{place} {property} silent for {age}", hand_late: "{place} {property} late by {age}", hand_all_silent: "All {count} devices are silent: does ingest run?", hand_refused: "{count} messages refused: {reason}",
  hand_refused_one: "1 message refused: {reason}",
  hand_pending: "To be activated: {device}",
  // time
  hand_air: "{place}: air is {reason}", hand_behind: "Rollups wait for {age}", seriesCount: "({count} series)", deviceCount: "{count} devices",
  kpi_traffic_volume_against_normal: "against a normal weekday", kpi_energy_electricity_against_normal: "buildings against normal", kpi_noise_lden: "Lden, last whole day", kpi_air_eaqi: "European index, worst site",
  timeRange: "Time range", lastRange: "Last {span}", today: "Today", yesterday: "Yesterday", thisMonth: "This month", thisYear: "This year", from: "From", to: "To", apply: "Apply",
  zoneNote: "Times of {zone}", wrongRange: "‘From’ must lie before ‘to’.", refresh: "Refresh", custom: "{from} – {to}", hours: "{count} hours", days: "{count} days", hour: "hour", year: "year",
  zoomOut: "Wider", kiosk: "Wallboard", leaveKiosk: "Leave wallboard",
  // site
  datastreams: "Datastreams", property: "Property", device: "Device", channel: "Channel", lastValue: "Last value", flag: "Flag", instrument: "Instrument", origin: "Origin", area: "District", spacing: "Expected every", last: "Last", chart: "Values",
  messages: "Last messages", messagesOf: "Last messages of {device}", receivedAt: "Received", topic: "Topic", outcome: "Outcome", payload: "Message", token: "Token", showMessages: "Show messages", withheld: "withheld: raw messages are shown on the machine itself, or with a token",
  quarantineOf: "Refused messages of this site's devices", noMessages: "No messages are kept.", noDatastreams: "No device publishes for this site yet.", attributes: "About the site", readingsStored: "{count} stored", readingsRefused: "{count} refused",
  good: "good", not_evaluated: "not evaluated", suspect: "suspect", fail: "fail", missing: "missing", reference: "reference", equivalent: "equivalent", indicative_class: "indicative", unknown: "unknown",
  measured: "measured", derived: "derived", active: "active", pending: "pending", disabled: "disabled", retired: "retired", siteHint: "The last 24 hours; the range above is yours to change.",
  coordinates: "Place", openMap: "latitude {lat}, longitude {lon}", hidden: "and {count} more",
  // evidence
  evidence: "Evidence", evidenceIntro: "How this number came about", formula: "How it is computed", coverage: "Coverage", ofHours: "{valid} of {expected} hours", ofDays: "{valid} of {expected} days", sensors: "Sensors", leftOut: "Left out", suspectValues: "{count} suspect values", failValues: "{count} failed values", nothingLeftOut: "nothing",
  standard: "Standard", edition: "Edition", version: "Version of the definition", computedAt: "Computed", status: "Status", provisional: "provisional", final: "final", revised: "revised", period: "Period", periodFrom: "{from} to {to}",
  inputs: "The hours behind it", csv: "CSV", history: "History of this value", saidAt: "Said until", noHistory: "It has been the same since it was first computed.", neighbours: "The same indicator over time", question: "Question", source: "Source of the method",
  quality: "Quality", ok: "ok", insufficient: "insufficient", undefined: "undefined", reason: "Reason", fingerprint: "Fingerprint of the inputs", scope: "Where", chooseValue: "Choose a value", noSuchValue: "There is no such value: it has not been computed for this period.", band: "Class", detail: "Parts", sitesCount: "sites", sitesUsed: "{used} of {expected} sites",
  PT1H: "hour", P1D: "day", P1M: "month", P1Y: "year", scope_site: "site", scope_district: "district", scope_city: "city", hourShort: "Hour", mean: "Mean", least: "Least", most: "Most", goodCount: "Good", suspectCount: "Suspect", failCount: "Failed", judged: "Judges a legal limit", yes: "yes", no: "no", elapsed: "{elapsed} of {expected} hours have passed", simulatedValue: "Simulated: no judgement of any law.", indicativeValue: "Indicative: measured by instruments that may not judge a legal limit.",
  sinceDay: "from {day} on", whyEmpty: "Why is it empty?", estimate: "estimate", verification: "Verification", calibration: "Calibration", invalidValues: "{count} values that people left out", standardStatus: "of the standard: {status}", unverified: "unverified", single_source: "single source", verified: "verified",
  // goals and the register
  morePages: "More", goals: "Goals", goalsIntro: "Where the city stands: U4SSC’s indicators of a year, and the targets of its plans.", yearWord: "Year", u4sscOf: "U4SSC: {count} indicators", byState: "Indicators by state", u4ssc_measured: "measured", u4ssc_register: "from registers", u4ssc_reported: "reported", u4ssc_missing: "missing", u4ssc_unverified: "definition unverified",
  withValue: "{count} of {total} with a value", ofPoints: "of the points", code: "Code", indicator: "Indicator", category: "Category", ofTarget: "Of target", band_lt_33: "under 33 %", band_33_66: "33–66 %", band_66_95: "66–95 %", band_gte_95: "95 % and over",
  plan: "The plan", noPlan: "No plan yet: ‘bypuls plan add FILE’ adds goals, targets and measures.", toReach: "To be reached", required: "Required this year", on_track: "on track", off_track: "off track", reached: "reached", not_judged: "not judged", planned: "planned", running: "running", done: "done", stopped: "stopped",
  sensorRegister: "Sensor register", sensorRegisterIntro: "What hangs where, what it measures, why, whose it is, and whether it tells of persons.", entries: "{count} entries", measures: "Measures", purpose: "Why", whose: "Whose", personalData: "Personal data", otherHomes: "Other homes", scope_group: "group of homes",
  // one message checked
  checkMessage: "Check a message", checkShort: "Check a message", checkIntro: "Paste a message as a device publishes it: what would be stored of it, and a profile for its maker, drafted from this message. Nothing is stored.",
  readIt: "Read it", wouldBeRead: "What is read in it", nothingRead: "Nothing to store, and nothing wrong: it holds no number.", field: "Field", arrival: "time of arrival", ok_reading: "read",
  draftedProfile: "Drafted profile", draftHint: "Save it as {id}.yaml in the folder BYPULS_INGEST_PROFILES, confirm what is likely, fill in what is open, and try it on further messages.", nothingOpen: "Nothing is open.", noDraftNeeded: "This message needs no profile of its own.", cannotBeRead: "This cannot be read.", stillOpen: "Open: {count}.",
  draftReads: "What the draft reads in it", guesses: "Guesses and their reasons", guess: "Taken for", certainty: "Certainty", guess_sure: "sure", guess_likely: "likely", guess_open: "open", copy: "Copy", copied: "Copied.", copyFailed: "The browser lends no clipboard here: mark the text and copy it.", draftFromIt: "Draft a profile from it",
  // quarantine
  quarantine: "Refused messages", quarantineIntro: "What arrived and could not be read, why, and how to mend it. Nothing here is lost: a message can be read again once its cause is mended.", howToMend: "How to mend it", times: "{count} times", timesOne: "once", allReasons: "All reasons", noQuarantine: "Nothing was refused.", replayHint: "Read again with: POST /v1/quarantine/{id}/replay (needs a token)", waitsReplay: "waits to be read again", replayed: "read again: {outcome}", more: "Show more", lastTime: "Last", occurrences: "Times",
  devices: "Devices", lastSeen: "Last seen", profile: "Profile", noDevices: "No device has published yet.", missingPage: "There is no such page", missingHint: "The address may be mistyped. The boards are above.", noCity: "No city yet", noCityHint: "Start with ‘bypuls up’, or add one: ‘bypuls city add FILE’.",
  // help
  shortcuts: "Keyboard", keyHelp: "this help", keyHome: "City now", keyBoards: "board 1 … 9", keyTheme: "theme", keyLanguage: "language", keyTime: "time range", keyRefresh: "refresh", keyKiosk: "wallboard", keyFull: "full screen of the panel in focus", keyTable: "table or chart of the panel in focus", keyEscape: "close, leave full screen",
  helpColours: "Colours and marks", helpStates: "States", stateLive: "Live: the value is new.", stateStale: "Old: faded, with its age.", stateEmpty: "No data: since when; never green, never 0.", stateFailed: "Failed: what to do.",
  // attributes of sites
  lanes: "lanes", free_flow_speed: "free-flow speed", floor_area: "floor area", heated_area: "heated area", owner: "owner", street: "street", municipal: "municipal", private: "private", heat_base_load: "heat base load", height: "height",
  // why a message was refused
  invalid_json: "not JSON", empty: "no value", bad_name: "unusable name", non_finite: "not a finite number",
  wrong_type: "not a number", sentinel: "code for “no value”", bad_quality: "marked as bad by its sender", scale_unclear: "a factor of unclear meaning", time_unreadable: "unreadable time",
  time_without_zone: "time without a zone", time_in_past: "time too far back",
  time_in_future: "time ahead of arrival", unknown_unit: "unknown unit", unit_missing: "unit missing",
  unit_dimension_mismatch: "unit of something else", unknown_property: "unknown property",
  too_deep: "nested too deeply", too_large: "too large", senml_invalid: "invalid SenML",
  device_mismatch: "another device than its topic", device_missing: "no device named",
  topic_not_ours: "topic is not read", unknown_city: "unknown city", unknown_device: "unknown device",
  too_many_pending: "too many devices waiting", too_many_datastreams: "too many datastreams",
  device_disabled: "device disabled", retained_without_time: "retained without a time",
  not_storable: "cannot be stored", decoder_failed: "fault of the platform", no_coverage: "no coverage",
  // how a scope's value comes of its sites, and parts of values
  worst_site: "worst site", mean_of_sites: "mean of its sites", sum_of_sites: "sum of its sites", own: "own", complete: "complete", decided_by: "decided by", pollutants: "pollutants",
};
