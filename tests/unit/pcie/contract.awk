# SPDX-License-Identifier: MIT
# Turns kernel/edgebert_hw.h into C table rows: CONSTANT(name as documented, value),
# REGISTER(offset), and FIELD(structure, field, bytes before the structure).
# test_contract.c includes them.

BEGIN {
	print "#ifndef REGISTER"
	print "#define REGISTER(offset)"
	print "#define UNDEFINE_REGISTER"
	print "#endif"
}
END {
	print "#ifdef UNDEFINE_REGISTER"
	print "#undef REGISTER"
	print "#undef UNDEFINE_REGISTER"
	print "#endif"
}

function short_name(name) {
	sub(/^EDGEBERT_HW_/, "", name)
	sub(/^REG_/, "", name)
	return name
}

# Macros that take something apart are code, not constants; OPERAND composes.
/^#define[ \t]+EDGEBERT_HW_[A-Z0-9_]+\((v|operand|segment)/ { next }

# A register of several: its first element stands for all.
/^#define[ \t]+EDGEBERT_HW_[A-Z0-9_]+\([nbl]\)/ {
	split($2, parts, /[()]/)
	printf "CONSTANT(\"%s(%s)\", %s(%d))\n", short_name(parts[1]), parts[2], parts[1],
		parts[2] == "l"
	if ($2 ~ /^EDGEBERT_HW_REG_/)
		printf "REGISTER(%s(%d))\n", parts[1], parts[2] == "l"
	next
}

/^#define[ \t]+EDGEBERT_HW_[A-Z0-9_]+[ \t]/ {
	printf "CONSTANT(\"%s\", %s)\n", short_name($2), $2
	if ($2 ~ /^EDGEBERT_HW_REG_/)
		printf "REGISTER(%s)\n", $2
	next
}

/^enum / { in_enum = 1 }
in_enum && /^\tEDGEBERT_HW_/ {
	name = $1
	sub(/,.*/, "", name)
	printf "CONSTANT(\"%s\", %s)\n", short_name(name), name
}

/^struct edgebert_hw_[a-z_]+ \{/ {
	structure = $2
	sub(/^edgebert_hw_/, "", structure)
	# Operands of a command follow its first eight bytes.
	before = structure ~ /^(matmul|softmax|layernorm|add|embed|copy|entropy|exit|predict|mark)$/ ? 8 : 0
}
structure != "" && /^\t__(le|u)[0-9]+ [a-z0-9_]+(\[[^\]]*\])?;/ {
	field = $2
	sub(/[\[;].*/, "", field)
	printf "FIELD(%s, %s, %d)\n", structure, field, before
}
/^\};?/ { in_enum = 0; structure = "" }
