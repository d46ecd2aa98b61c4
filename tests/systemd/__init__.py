"""What is installed: units, rules, the script that installs, and the step that copies a stick."""
