# SPDX-License-Identifier: MIT
# Judges one test program by its TAP output and its exit status.
#
# usage: awk -v name=NAME -v status=EXIT-STATUS -f tap.awk OUTPUT
# Prints "passed failed skipped" on the first line, then one line per failure or skip.
# Understands several groups with a plan each (cmocka), plans before or after the tests,
# SKIP, XFAIL and TODO directives (kselftest), and subtests, indented or behind "# ", which their
# parent's line stands for.  Whatever is not plainly a success counts as a failure: no plan,
# fewer or more tests than planned, an exit status that the results do not explain.

function note(kind, text) {
	notes[++note_count] = kind ": " name ": " text
}

function fail(text) {
	failed++
	note("FAIL", text)
}

# "not ok 3 - name # SKIP reason" without number and dash.
function description(line) {
	sub(/^(not )?ok */, "", line)
	sub(/^[0-9]+ */, "", line)
	sub(/^- */, "", line)
	return line == "" ? "(no name)" : line
}

{ sub(/\r$/, "") }

/^1\.\.[0-9]+/ {
	plans++
	count = $0
	sub(/^1\.\./, "", count)
	planned += count + 0
	if (count + 0 == 0 && toupper($0) ~ /# *SKIP/) {
		skipped++
		reason = $0
		sub(/^[^#]*# *[Ss][Kk][Ii][Pp][: ]*/, "", reason)
		note("SKIP", reason)
	} else if (count + 0 == 0) {
		fail("plans no tests and gives no reason")
	}
	next
}

/^Bail out!/ {
	fail($0)
	next
}

/^(not )?ok([ \t]|$)/ {
	seen++
	text = description($0)
	if (toupper(text) ~ /# *(SKIP|TODO)/) {
		skipped++
		note("SKIP", text)
	} else if ($1 == "ok" || toupper(text) ~ /# *XFAIL/) {
		passed++
	} else {
		fail(text)
	}
}

END {
	if (status == 124 || status == 137)
		fail("did not end in time")
	else if (plans == 0)
		fail("printed no plan (exit status " status ")")
	else if (seen != planned)
		fail("planned " planned " tests, ran " seen + 0 " (exit status " status ")")
	# 4 is kselftest's "all skipped".
	if (status != 0 && failed == 0 && !(status == 4 && passed == 0))
		fail("exit status " status " although no test failed")
	print passed + 0, failed + 0, skipped + 0
	for (i = 1; i <= note_count; i++)
		print notes[i]
}
