"""What to do about each finding, by its code: sentences that a technician can follow."""

from __future__ import annotations

from typing import Final

_CERTIFICATE: Final = (
    "Ask the fund for a new file, put it in the place of the old one, and run `kiosk doctor` again."
)
_UPDATE: Final = (
    "Run `sudo kiosk update` and read what it says; without a network bring a list on a stick."
)
_MOUNT: Final = (
    "Look into `dmesg` for faults of the memory card, copy nothing off it that is needed later, and"
    " replace the card; the kiosk is enrolled anew on the next one."
)

_REINSTALL: Final = "Install the release again; if that does not help, go back to the one before."

WARNING: Final = {
    "account-other": "Run it with sudo, or as the kiosk's user, to see what the kiosk sees.",
    "certificate-soon": _CERTIFICATE,
    "clinic-certificate": (
        "Put this kiosk's certificate and key (PEM) into server_file, readable for the kiosk; where"
        " that is a systemd credential, restart the kiosk."
    ),
    "clinic-shut": (
        "Start the kiosk again with `systemctl restart kiosk`; should it stay shut, `journalctl -u"
        " kiosk` says why."
    ),
    "clinic-tokens": (
        "Make a token with `kiosk clinic token`, put the line that it prints into that file, and"
        " see that nobody but root may write it."
    ),
    "clock-unsynchronised": (
        "Allow NTP to a time server in the clinic's network and enable systemd-timesyncd, or fit a"
        " battery clock where there is no network."
    ),
    "config-none": (
        "Write /etc/oms-kiosk/kiosk.toml after the example kiosk.example.toml, or name the file"
        " with --config."
    ),
    "disk-short": "Delete what does not belong on this kiosk, or use a larger memory card.",
    "disk-stands-still": (
        "Look again in a minute; if as many wait then, plan a new memory card and replace this one."
    ),
    "disk-worn": "Plan a new memory card and replace this one before it fails.",
    "fonts-other": "Install the package fonts-paratype.",
    "gost-missing": (
        "Install openssl and libengine-gost-openssl; until then documents' own signatures are not"
        " checked."
    ),
    "journal-too-large": "Start the kiosk again so that it clears up, and report this if it stays.",
    "list-age-unknown": "Set the clock first (see clock), then look again.",
    "list-ageing": _UPDATE,
    "list-previous-used": (
        "Run `sudo kiosk update`, which fetches the damaged list anew; should it happen again,"
        " replace the memory card."
    ),
    "list-stale": _UPDATE,
    "power-unknown": "Install the package libraspberrypi-bin, which brings vcgencmd.",
    "queue-damaged": (
        "Nothing by hand: a new file was begun; should it happen again, replace the memory card."
    ),
    "repairs-made": (
        "Look at the device: cable, socket, power. If it happens every day, replace the device."
    ),
    "journal-set-aside": (
        "Keep the file that was set aside for whoever audits; should it happen again, replace the"
        " memory card."
    ),
    "receipts-missed": (
        "Do what is said of the disks; once they take it, receipts are written again, and the next"
        " one says how many are missing."
    ),
    "release-bad": "Tell whoever makes the releases; a newer one is taken by itself.",
    "queue-full": "See why the fund's services cannot be reached (fund service), and mend that.",
    "release-on-trial": "Wait two minutes and look again; it is kept or sent back by itself.",
    "release-state": "Nothing by hand: it is begun anew with the next software update.",
    "release-other": "Start the kiosk again: `systemctl restart kiosk.service`.",
    "release-previous-broken": (
        "Nothing at once; after the next software update there is a release to go back to again."
    ),
    "scanner-held-unseen": (
        "If the kiosk does not scan, run `sudo fuser -v` with the port's name, and stop what it"
        " names."
    ),
    "scanner-misread": (
        "Compare [scanner] baud with the scanner's setting, and scan the setting codes of the"
        " scanner's manual (serial, 8N1) again."
    ),
    "scanner-modem": (
        "Install the kiosk's udev rules again (systemd/install.sh), or run"
        " `systemctl mask --now ModemManager`."
    ),
    "scanner-unconfigured": (
        "Scan the code for USB serial (CDC, virtual COM) in the scanner's manual, and set"
        " [scanner] port."
    ),
    "session-none": "Run `systemctl status kiosk.service` and read why no session was begun.",
    "systemd-silent": "Run `systemctl status` by hand; if that hangs too, restart the machine.",
    "throttled-before": "Give the case more air, and see to the power supply.",
    "throttled-now": "Let the board cool down: more air, no sun, a heat sink.",
    "too-hot": "Let the board cool down: more air, no sun, a heat sink.",
    "undervoltage-before": "Use the board's own power supply with a short cable, and no USB hub.",
    "unit-restarts": "Read why in `journalctl -b -u` with the unit's name, and report it.",
    "unit-starting": (
        "Look again in a minute; if it stays so, read `journalctl -b -u` with the unit's name."
    ),
    "unit-unwatched": "Install the units again: `sudo systemd/install.sh`.",
}
"""The kiosk works, and somebody should see to it."""

FAILED: Final = {
    "certificate-none": "Put the certificate (PEM) of the fund in the place of this file.",
    "certificate-over": _CERTIFICATE,
    "certificate-unreadable": (
        "Put the file where the configuration says, readable for the kiosk: owner root, group"
        " oms-kiosk, mode 0640."
    ),
    "check-broken": "Report this line with the version: it is a mistake in the program.",
    "check-hangs": "Restart the machine; if it hangs again, replace the device or disk it names.",
    "clock-wrong": "Set it: `sudo timedatectl set-time` with date and time, or allow NTP.",
    "config-bad": "Correct the key that is named; kiosk.example.toml explains every key.",
    "disk-closed": (
        "Run `sudo kiosk doctor` at a terminal; if it says the same, look at the mount's options"
        " with `findmnt -T` and the folder's name, and at /etc/fstab."
    ),
    "disk-errors": _MOUNT,
    "disk-fault": _MOUNT,
    "disk-full": "Delete what does not belong on this kiosk, such as old logs and downloads.",
    "disk-read-only": (
        "The memory card went read-only: restart once; if it stays so, the card is worn out and"
        " must be replaced."
    ),
    "disk-rights": ("Run `sudo systemd/install.sh` again, which gives the kiosk its folders back."),
    "display-unplugged": "Plug the display in, and switch it on.",
    "floor-damaged": (
        "Run `sudo kiosk update`: it begins the store anew; should it happen again, replace the"
        " memory card."
    ),
    "folder-missing": "Run `sudo systemd/install.sh` again, or correct the folder's name.",
    "fonts-missing": "Install the packages fonts-paratype and fonts-dejavu-core.",
    "frame-fails": _REINSTALL,
    "gost-wrong": "Install openssl and libengine-gost-openssl from the distribution again.",
    "journal-unreadable": "Run `sudo systemd/install.sh` again, which gives the rights back.",
    "journal-damaged": (
        "Restart the kiosk: it sets the file aside and begins another; should it happen again,"
        " replace the memory card."
    ),
    "journal-key": "Enrol the kiosk again: `kiosk enrol` with its bundle brings the key.",
    "key-unusable": "Enrol the kiosk again: `kiosk enrol` with its bundle brings the key.",
    "list-damaged": "Run `sudo kiosk update`, which fetches it anew; or bring a list on a stick.",
    "list-missing": "Run `sudo kiosk update`, or bring a list on a stick.",
    "list-newer-format": "Update the kiosk's software: the list is newer than this program.",
    "list-other-key": "Enrol the kiosk again with the bundle that the fund made for it.",
    "list-too-old": _UPDATE,
    "module-missing": _REINSTALL,
    "no-network": "See to cable, router and firewall, then to the address in the configuration.",
    "not-authorised": "Ask the fund for a new token, and put it in the place of the old one.",
    "not-trusted": (
        "See to the clock first, then compare ca_file with the authority that the fund names."
    ),
    "pcscd-closed": (
        "Run `sudo systemctl restart pcscd.socket`; its socket is open to every user, and the rest"
        " is polkit's."
    ),
    "pcscd-dead": "Run `sudo systemctl restart pcscd.socket pcscd.service`.",
    "pcscd-hangs": (
        "Unplug the reader, run `sudo systemctl restart pcscd.service`, and plug it in again."
    ),
    "pcscd-missing": "Install the packages pcscd and libccid.",
    "pcscd-off": "Run `sudo systemctl enable --now pcscd.socket`.",
    "queue-unusable": (
        "Stop the kiosk, move the file away and start it again; should it happen again, replace"
        " the memory card."
    ),
    "reader-none": "Plug the reader in at another socket; if its light stays dark, replace it.",
    "reader-other-name": "Correct [reader] name, or leave it empty so that any reader will do.",
    "reader-refused": (
        "Install the kiosk's polkit rule again (`sudo systemd/install.sh`), which lets its user"
        " use pcscd."
    ),
    "release-none": "Install a release: `sudo systemd/install.sh` from the bundle.",
    "root-unreadable": "Enrol the kiosk again: `kiosk enrol` with its bundle brings the file.",
    "scanner-gone": (
        "Plug the scanner in; if `ls -l /dev/serial/by-id` shows it, correct [scanner] port or"
        " install the udev rules again."
    ),
    "scanner-held": "Stop the program that holds the port, and keep it from starting.",
    "scanner-keyboard": (
        "It is in keyboard mode: scan the code for USB serial (CDC, virtual COM) in its manual."
    ),
    "scanner-not-serial": "Correct [scanner] port: name the scanner's serial port.",
    "scanner-rights": (
        "Add the kiosk's user to the port's group (dialout), or install the udev rules again."
    ),
    "scanner-speed": "Start the kiosk again so that it takes the speed up that is configured.",
    "secret-missing": "Enrol the kiosk again, or put the file where the configuration says.",
    "secret-open": "Take the rights away: `sudo chmod o-rwx` with the file's name.",
    "secret-unreadable": "Give it to the kiosk: `sudo chgrp oms-kiosk` and `sudo chmod 0640`.",
    "secret-writable": "Take the right away: `sudo chmod g-w` with the file's name.",
    "service-broken": "Wait, and tell the fund if it lasts: its service is out of order.",
    "token-missing": "Put the fund's token where [ferzl] token_file says, mode 0640.",
    "undervoltage-now": (
        "Use the board's own power supply with a short cable; take consumers off its USB sockets."
    ),
    "unit-failed": "Read why in `journalctl -b -u` with the unit's name, then start it again.",
    "unit-missing": "Install the units: `sudo systemd/install.sh`.",
    "unit-off": (
        "Start it: `sudo systemctl unmask`, then `sudo systemctl start`, with the unit's name."
    ),
}
"""Something of the kiosk's does not work."""
