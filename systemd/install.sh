#!/bin/bash
# Installs, updates or removes an OMS kiosk on Debian 12 / Raspberry Pi OS; the README says how.
# Run again it changes nothing that is right already; a run that fails leaves what was there before.
set -euo pipefail
umask 022
export LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin

usage() {
    cat <<'USAGE'
Usage: install.sh [--bundle FILE] [--root DIR] [--no-packages] [--no-start] [--uninstall [--purge]]
  --bundle FILE   oms-kiosk-<version>-<arch>.tar.gz, as built by `make release`; without it: the
                  unpacked bundle in which this script lies, or the checkout's dist/
  --root DIR      the system lies in DIR: to build images; nothing is started
  --no-packages   install no Debian packages; those that are missing are named
  --no-start      start nothing now; the next boot does
  --uninstall     remove program, units and rules; lists, journal and /etc/oms-kiosk stay
  --purge         with --uninstall: remove those and the accounts as well
USAGE
}

say() { echo "install: $*"; }
die() { echo "install: $*" >&2; exit 1; }

# What a kiosk uses of the system. xwayland: cage asks for it, even unused. The libraries: SDL and cage
# load them when they open a display, and crash where one is missing; pygame's sound needs glib.
PACKAGES="cage dbus fonts-paratype libccid libegl1 libengine-gost-openssl libgl1-mesa-dri
 libgles2 libglib2.0-0 libpcsclite1 libwayland-cursor0 libwayland-egl1 openssl pcscd polkitd python3
 python3-venv seatd udev uhubctl usbutils xwayland"
BASE=/opt/oms-kiosk

bundle="" root="" packages=yes start=yes uninstall="" purge=""
while [ $# -gt 0 ]; do
    case "$1" in
        --bundle) bundle=${2:?"--bundle needs a file"}; shift 2 ;;
        --root) root=${2:?"--root needs a folder"}; shift 2 ;;
        --no-packages) packages=""; shift ;;
        --no-start) start=""; shift ;;
        --uninstall) uninstall=yes; shift ;;
        --purge) purge=yes; shift ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
done
[ "$(id -u)" = 0 ] || die "only root may install: run it with sudo"
if [ -n "$root" ]; then
    root=$(realpath -e -- "$root") || die "--root: no such folder"
    [ "$root" != / ] || root=""
fi
[ -z "$root" ] || start=""

# A command inside the system that is installed into.
inside() { if [ -n "$root" ]; then chroot "$root" "$@"; else "$@"; fi; }
# Is there a running systemd to talk to?
booted() { [ -z "$root" ] && [ -d /run/systemd/system ]; }

# Every file of ours outside $BASE is a link that goes by way of `current` or `way-back`, so that what it
# shows changes with the release, and back with it: one line each, where to (below $BASE) and where it is.
# Kept beside the releases, so that an update removes what it no longer has. Units need none: systemd
# asks the generator for them.
links_of() {
    cat <<'LINKS'
way-back/units-generator /usr/local/lib/systemd/system-generators/oms-kiosk
current/venv/bin/kiosk /usr/local/bin/kiosk
current/systemd/etc/sysusers.conf /usr/local/lib/sysusers.d/oms-kiosk.conf
current/systemd/etc/tmpfiles.conf /usr/local/lib/tmpfiles.d/oms-kiosk.conf
current/systemd/etc/udev.rules /etc/udev/rules.d/70-oms-kiosk.rules
current/systemd/etc/polkit.rules /etc/polkit-1/rules.d/60-oms-kiosk.rules
current/systemd/etc/logind.conf /etc/systemd/logind.conf.d/oms-kiosk.conf
current/systemd/etc/watchdog.conf /etc/systemd/system.conf.d/oms-kiosk.conf
current/systemd/etc/sysctl.conf /etc/sysctl.d/60-oms-kiosk.conf
LINKS
}

# Units with an [Install] section start by themselves: the screen and the timers.
starting_units() {
    local file
    for file in "$1"/units/*.service "$1"/units/*.timer; do
        if grep -q '^WantedBy=' "$file"; then echo "${file##*/}"; fi
    done
}

# ---------------------------------------------------------------- what is to be undone on failure

staged="" incoming="" kept="" built="" locked="" proc="" written=()
# shellcheck disable=SC2317  # called by the trap
clean_up() {
    local code=$? path
    trap - EXIT
    if [ "$code" -ne 0 ]; then
        [ -z "$kept" ] || restore
        [ -z "$built" ] || rm -rf -- "$built"
        [ -z "$locked" ] || put_back_release
    fi
    for path in "$staged" "$incoming" "${incoming:+$incoming.found}" "$kept"; do
        [ -z "$path" ] || rm -rf -- "$path"
    done
    [ -z "$proc" ] || umount "$proc"
    [ "$code" -eq 0 ] || echo "install: failed; what was installed before is as it was" >&2
    exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# An image has no /proc of its own yet, and Debian's tools ask for it.
mount_proc() {
    if [ -n "$root" ] && [ ! -e "$root/proc/self" ]; then
        mount -t proc proc "$root/proc"
        proc=$root/proc
    fi
}

# Puts every system file and both links back to what they were before the commit began.
# shellcheck disable=SC2317
restore() {
    local path
    for path in "${written[@]}"; do
        # shellcheck disable=SC2115  # no path of ours is empty
        rm -rf -- "$root$path"
        if [ -e "$kept$path" ] || [ -L "$kept$path" ]; then
            mkdir -p -- "$(dirname -- "$root$path")"
            # Moved: within one disk that needs no room, and a full disk may be why we are here.
            mv -T -- "$kept$path" "$root$path" || echo "install: $root$path could not be put back" >&2
        fi
    done
    if booted; then systemctl daemon-reload || true; fi
}

# A release of the same version that was moved aside, by this run or by one that the power ended.
put_back_release() {
    local aside final
    for aside in "$root$BASE"/releases/.old-*; do
        [ -d "$aside" ] || continue
        final=$root$BASE/releases/${aside##*/.old-}
        rm -rf -- "$final"
        mv -T -- "$aside" "$final"
    done
}

# Remembers a path as it is now; what happens to it later can be undone.
remember() {
    written+=("$1")
    if [ -e "$root$1" ] || [ -L "$root$1" ]; then
        mkdir -p -- "$kept$(dirname -- "$1")"
        cp -a -- "$root$1" "$kept$1"
    fi
}

# ---------------------------------------------------------------- steps

find_bundle() {
    local here checkout version
    here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
    if [ -n "$bundle" ]; then
        [ -e "$bundle" ] || die "--bundle: no such file: $bundle"
    elif [ -f "$here/SHA256SUMS" ]; then
        bundle=$here
    else
        checkout=$(dirname "$here")
        [ -f "$checkout/pyproject.toml" ] || die "no bundle here; give one with --bundle FILE"
        version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$checkout/pyproject.toml")
        bundle=$checkout/dist/oms-kiosk-$version-$(inside dpkg --print-architecture).tar.gz
        [ -f "$bundle" ] || die "$bundle is missing: run make release first"
    fi
}

# Nobody else changes releases meanwhile: no trial, which would take a newer one for a release that fell
# over and remove it, no update, no second run of this. They wait for the same file (links.locked).
lock_releases() {
    exec 9>>"$root$BASE/.lock"
    flock --wait 5 9 || die "a release is on trial or being changed; try again in some minutes"
    locked=yes
}

# Lays the bundle's content into the system (same disk, also seen from inside) and checks it whole.
take_bundle() {
    mkdir -p -- "$root$BASE/releases"
    lock_releases
    # What a run left that the power ended.
    rm -rf -- "$root$BASE"/.incoming.* "$root$BASE"/.kept.* "$root$BASE"/releases/.new-*
    put_back_release
    incoming=$(mktemp -d -- "$root$BASE/.incoming.XXXXXX")
    if [ -d "$bundle" ]; then
        cp -r -- "$bundle/." "$incoming/"
    else
        tar -x -z -C "$incoming" --strip-components=1 --no-same-owner --no-same-permissions -f "$bundle" ||
            die "$bundle cannot be unpacked"
    fi
    [ -f "$incoming/SHA256SUMS" ] || die "$bundle is no bundle: SHA256SUMS is missing"
    (cd "$incoming" && sha256sum --check --quiet --strict SHA256SUMS) || die "the bundle is damaged"
    [ -z "$(find "$incoming" ! -type f ! -type d)" ] || die "the bundle holds links or devices"
    # Nothing beside what is listed: its unit would be installed, too.
    (cd "$incoming" && find . -type f ! -path ./SHA256SUMS -printf '%P\n') | sort > "$incoming.found"
    cut -c 67- "$incoming/SHA256SUMS" | sort | cmp -s - "$incoming.found" || die "the bundle holds files that are not listed"
    rm -f -- "$incoming.found"
    version=$(cat "$incoming/VERSION")
    [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+[a-z0-9.+]*$ ]] || die "the bundle has no proper version"
    local arch
    arch=$(inside dpkg --print-architecture)
    [ "$(cat "$incoming/ARCH")" = "$arch" ] || die "this bundle is for $(cat "$incoming/ARCH"), this machine is $arch"
}

install_packages() {
    local package missing=""
    for package in $PACKAGES; do
        # shellcheck disable=SC2016  # dpkg's own words
        [ "$(inside dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)" = "install ok installed" ] ||
            missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    if [ -z "$packages" ]; then say "packages are missing:$missing"; return 0; fi
    say "installing packages:$missing"
    # shellcheck disable=SC2086  # a list of names
    { inside apt-get -q update &&
        inside env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 install -y --no-install-recommends $missing
    } >"$incoming/apt.log" 2>&1 9>&- || { tail -n 20 "$incoming/apt.log" >&2; die "the packages cannot be installed"; }
}

# The release, complete and on disk, under its final name; nothing points to it yet.
build_release() {
    local final=$BASE/releases/$version here=$BASE/releases/.new-$version seen sums file
    sums=$(sha256sum < "$incoming/SHA256SUMS")
    if [ -f "$root$final/SHA256SUMS" ] && [ "$(sha256sum < "$root$final/SHA256SUMS")" = "$sums" ]; then
        say "release $version is there already"
        return 0
    fi
    [ "$(inside /usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')" = "$(cat "$incoming/PYTHON")" ] ||
        die "the bundle needs Python $(cat "$incoming/PYTHON"), as in Debian 12"
    say "building release $version"
    staged=$root$here
    rm -rf -- "$staged"
    mkdir -p -- "$staged"
    seen=${incoming#"$root"}
    inside /usr/bin/python3 -m venv --without-pip "$here/venv"
    # pip comes in the bundle too; nothing of this machine's settings may send it elsewhere.
    for file in "$incoming"/wheels/pip-*.whl; do file=${file##*/}; done
    inside env -i PATH="$PATH" LC_ALL=C.UTF-8 HOME=/nonexistent \
        "$here/venv/bin/python" "$seen/wheels/$file/pip" --isolated --quiet --disable-pip-version-check \
        install --no-index --no-deps --no-compile --no-cache-dir --require-hashes \
        --find-links "$seen/wheels" --requirement "$seen/requirements.txt" || die "the release cannot be built"
    rm -f -- "$staged"/venv/bin/[Aa]ctivate*
    # Made here, used there: scripts name their interpreter, compiled modules their source.
    grep -lIZ -r -F "$here" "$staged/venv/bin" "$staged/venv/pyvenv.cfg" | xargs -0 -r sed -i "s#$here#$final#g"
    inside "$here/venv/bin/python" -m compileall -q -s "$here" -p "$final" "$here/venv/lib" >/dev/null || true
    cp -r -- "$incoming/systemd" "$incoming/VERSION" "$incoming/ARCH" "$incoming/LICENSE" "$staged/"
    cp -- "$incoming/install.sh" "$staged/systemd/install.sh"
    cp -- "$incoming/SHA256SUMS" "$staged/SHA256SUMS"
    chown -R root:root "$staged"
    chmod -R go-w "$staged"
    sync -f "$staged"
    if [ -e "$root$final" ]; then
        # The same version with other content: a release that was rebuilt.
        mv -T -- "$root$final" "$root$BASE/releases/.old-$version"
    else
        built=$root$final
    fi
    mv -T -- "$staged" "$root$final"
    staged=""
    changed=yes
}

# The way back must work whatever a release breaks: it lies beside the releases, and a newer one replaces it.
install_way_back() {
    local release=$BASE/releases/$version
    if [ -z "$changed" ] && [ -e "$root$BASE/way-back/rollback" ]; then return 0; fi
    remember $BASE/rollback
    remember $BASE/way-back
    inside "$release/venv/bin/python" -I -B -m kiosk.software.standalone $BASE "$release" ||
        die "the way back cannot be laid out"
}

# Flips `current` in one rename; what it showed before becomes `previous`.
switch_release() {
    local before
    before=$(readlink "$root$BASE/current" 2>/dev/null || true)
    [ "$before" = "releases/$version" ] && return 0
    changed=yes
    remember $BASE/current
    remember $BASE/previous
    if [ -n "$before" ]; then
        ln -sfn -- "$before" "$root$BASE/.previous.new"
        mv -T -- "$root$BASE/.previous.new" "$root$BASE/previous"
    fi
    ln -sfn -- "releases/$version" "$root$BASE/.current.new"
    mv -T -- "$root$BASE/.current.new" "$root$BASE/current"
    sync -f "$root$BASE"
}

# A link to its place, unless it is there already.
put_link() {
    if [ "$(readlink -- "$root$2" || true)" = "$1" ]; then return 0; fi
    remember "$2"
    mkdir -p -- "$(dirname -- "$root$2")"
    ln -sfn -- "$1" "$root$2"
    changed=yes
}

install_links() {
    local from to listed=$BASE/files
    links_of > "$incoming/files"
    # What an older release had and this one has not.
    if [ -f "$root$listed" ]; then
        while read -r from to; do
            grep -q -F -x -e "$from $to" "$incoming/files" || { remember "$to"; rm -f -- "$root$to"; }
        done < "$root$listed"
    fi
    while read -r from to; do
        put_link "$BASE/$from" "$to"
    done < "$incoming/files"
    if ! cmp -s -- "$incoming/files" "$root$listed"; then
        remember $listed
        install -m 0644 -- "$incoming/files" "$root$listed"
    fi
}

accounts_and_folders() {
    local etc=$BASE/releases/$version/systemd/etc
    inside systemd-sysusers "$etc/sysusers.conf"
    inside systemd-tmpfiles --create "$etc/tmpfiles.conf"
    if [ ! -e "$root/etc/oms-kiosk/kiosk.toml" ]; then
        remember /etc/oms-kiosk/kiosk.toml
        install -m 0640 -- "$root$BASE/releases/$version/systemd/kiosk.example.toml" "$root/etc/oms-kiosk/kiosk.toml"
        inside chown root:oms-kiosk /etc/oms-kiosk/kiosk.toml
        configured=""
    fi
}

let_take_effect() {
    remember /etc/systemd/system/getty@tty1.service
    remember /etc/systemd/system/ctrl-alt-del.target
    # The terminal is the screen's; nobody gets a login prompt or a reboot by three keys.
    inside systemctl --quiet mask getty@tty1.service ctrl-alt-del.target
    if booted && [ -n "$changed" ]; then
        systemctl daemon-reload
        # A container has none of these; what counts there is the next boot.
        { udevadm control --reload && udevadm trigger --subsystem-match=tty --action=change
            /lib/systemd/systemd-sysctl /etc/sysctl.d/60-oms-kiosk.conf
            systemctl try-restart pcscd.service
        } 2>/dev/null || true
    fi
}

start_units() {
    booted && [ -n "$start" ] || return 0
    local unit
    for unit in $(starting_units "$root$BASE/releases/$version/systemd"); do
        case "$unit" in
            *.timer) systemctl start "$unit" ;;
            # Nobody is interrupted for nothing.
            *) systemctl --no-block ${changed:+re}start "$unit" ;;
        esac
    done
}

# Stops our units whose name begins so; of templates every instance.
stop_units() {
    booted || return 0
    local file names=()
    for file in "$BASE/current/systemd/units/$1"*.*; do
        case "$file" in *.d) continue ;; esac
        file=${file##*/}
        names+=("${file/@./@*.}")
    done
    systemctl --quiet stop "${names[@]}" 2>/dev/null || true
}

remove_everything() {
    local from to unit
    if [ -d "$root$BASE" ]; then
        # Whoever changes releases first: a trial that is told to end goes back, and starts the kiosk again.
        stop_units kiosk-software
        stop_units kiosk-stick
        lock_releases
        exec 8>>"$root$BASE/.update.lock"
        flock --wait 5 8 || die "an update of the software is under way; try again when it is over"
        stop_units ""
    fi
    inside systemctl --quiet unmask getty@tty1.service ctrl-alt-del.target || true
    if [ -f "$root$BASE/files" ]; then
        while read -r from to; do rm -f -- "$root$to"; done < "$root$BASE/files"
        rmdir --ignore-fail-on-non-empty -- "$root/usr/local/lib/systemd/system-generators" 2>/dev/null || true
    fi
    rm -rf -- "${root}$BASE"
    if [ -n "$purge" ]; then
        rm -rf -- "$root/etc/oms-kiosk" "$root/var/lib/oms-kiosk" "$root/var/cache/oms-stick"
        rm -f -- "$root"/etc/credstore/{ferzl-token,clinic-tokens,register.key}
        for unit in oms-kiosk oms-screen oms-update oms-stick oms-clinic; do
            inside userdel "$unit" 2>/dev/null || true
            inside groupdel "$unit" 2>/dev/null || true
        done
    fi
    if booted; then
        systemctl daemon-reload
        { udevadm control --reload; systemctl try-restart pcscd.service; } 2>/dev/null || true
    fi
    say "removed${purge:+, with configuration, lists and journal}"
}

# Read to its end before it begins: it may remove the file that it stands in.
main() {
    mount_proc
    if [ -n "$uninstall" ]; then
        remove_everything
        return 0
    fi
    find_bundle
    take_bundle
    install_packages
    build_release
    kept=$(mktemp -d -- "$root$BASE/.kept.XXXXXX")
    install_links
    install_way_back
    accounts_and_folders
    switch_release
    let_take_effect
    # From here on it is installed; what is kept for the way back goes with the other folders.
    if [ -d "$root$BASE/releases/.old-$version" ]; then
        mv -T -- "$root$BASE/releases/.old-$version" "$incoming/old"
    fi
    done_with=$kept kept="" built=""
    rm -rf -- "$done_with"
    exec 9>&-
    start_units
    say "OMS kiosk $version is installed"
    if [ -z "$configured" ]; then
        say "next: put a fresh kiosk to work with \`kiosk enrol --bundle FILE\`, or edit /etc/oms-kiosk/kiosk.toml"
        say "then: systemctl restart kiosk, and \`kiosk doctor\` says what is missing"
    fi
}
configured=yes changed=""
main
exit 0
