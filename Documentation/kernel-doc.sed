# SPDX-License-Identifier: MIT
# Turns kernel-doc comments into Doxygen's: drops the name of what follows, @member becomes code.
2s|^/\*$|/** @file|
s|^( \* )(struct\|enum) [a-z_]+ - |\1|
s|^( \* )DRM_[A-Z_]+ - |\1|
s|^( \* )@(__[a-z]+): |\1@param \2 |
s|^([[:space:]]*(/\*)?\*+ )@[A-Za-z_]+: |\1|
/@(param|file)/!s|@([a-z_]+)|`\1`|g
