# SPDX-License-Identifier: Apache-2.0
"""What `todoke doctor` looks at, and what of it is unsafe."""
