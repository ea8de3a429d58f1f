# Connectors are found by their folders: connectors/<name>/ becomes bin/<name>; nothing here names one.
#
#   make              the connectors, in bin/
#   make test         installs what is needed, builds, runs unit and integration tests
#   make check        format, two compilers, sanitizers, analyzers
#   make demo         the connectors against sandboxes, with data of this machine
#   make torture      schedules of faults, SEEDS=1-2000 CONNECTOR=dust PROTOCOL=singer JOBS=4
#   make bench        throughput, memory, start-up time; STORE=1: later runs are compared with this
#   make fuzz         libFuzzer for FUZZ_SECONDS per target, FUZZ_JOBS at once
#   make coverage     what unit tests and the inputs of fuzz targets run through
#   make dist         what Airbyte's registry wants of each connector, in build/dist/
#   make client-test  Airbyte's own Python packages against the connectors and their images
#   make install      bin/* to $(DESTDIR)$(PREFIX)/bin
#   make docker       the image of connector C, with the engine that is there
#   make docker-test  tests the images, if need be with an engine of its own
#
# MODE=release|gcc|clang|asan|fuzz|coverage chooses compiler and flags; output goes to build/<mode>/.
# ARCH=amd64|arm64 is what the programs and images are for; another than this machine's is a mode.

# Only from the command line: in the environment it often means something else (x86_64).
ifeq ($(origin ARCH),environment)
ARCH =
endif
ifneq ($(filter-out amd64 arm64,$(ARCH)),)
$(error ARCH is amd64 or arm64, not $(ARCH))
endif
NATIVE := $(shell dpkg --print-architecture 2> /dev/null)
FOREIGN = $(filter-out $(NATIVE),$(ARCH))
MODE ?= $(or $(FOREIGN),release)
PREFIX ?= /usr/local
PYTHON ?= /usr/bin/python3
FUZZ_SECONDS ?= 60
FUZZ_JOBS ?= 2
# Percent of the library's lines.
COVERAGE_FLOOR ?= 90
SEEDS ?= 1-200
CONNECTOR ?= all
PROTOCOL ?= all
# Integration tests at once: they wait more than they work.
JOBS ?= $(shell echo $$((2 * $$(nproc))))
MAKEFLAGS += --no-print-directory
# V=1 shows the commands.
Q = $(if $(V),,@)
say = @$(if $(V),true,printf '  %-5s %s\n' $(1) $(2))

LIBRARY_PACKAGES = libcurl4-openssl-dev libcjson-dev libssl-dev zlib1g-dev libzstd-dev libunistring-dev
BUILD_PACKAGES = build-essential uthash-dev $(if $(FOREIGN),crossbuild-essential-$(ARCH) \
	$(LIBRARY_PACKAGES:%=%:$(ARCH)),$(LIBRARY_PACKAGES))
PACKAGES = $(BUILD_PACKAGES) libcmocka-dev python3 python3-pytest python3-aiohttp \
	python3-pytest-xdist python3-jsonschema python3-yaml procps bubblewrap openssl git \
	ca-certificates
IMAGE_PACKAGES = $(BUILD_PACKAGES) ca-certificates busybox$(FOREIGN:%=:%)
DOCKER_PACKAGES = docker.io containerd runc
DOCKER_LIBRARIES = libdevmapper1.02.1 libseccomp2 libsystemd0
BASE_PACKAGES = mmdebstrap uidmap mount
DOCKER_TEST_PACKAGES = binutils qemu-user python3-venv
CHECK_PACKAGES = clang clang-format clang-tidy cppcheck libclang-rt-14-dev llvm-14

B = build/$(MODE)
BIN = $(if $(filter release,$(MODE)),bin,$(B)/bin)

CPPFLAGS_ALL = -D_POSIX_C_SOURCE=200809L -D_FORTIFY_SOURCE=3 -Ilibairbyte -MMD -MP
CFLAGS_ALL = -std=c17 -O2 -g -fPIE -fno-common -fstack-protector-strong \
	-fstack-clash-protection -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
	-Wformat=2 -Wcast-qual -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wwrite-strings -Wundef -Wvla -Wswitch-enum
LDFLAGS_ALL = -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code,--as-needed
LDLIBS_ALL = -lcurl -lcjson -lcrypto -lz -lzstd -lunistring

CC_release = cc
CC_gcc = gcc
CC_clang = clang
CC_asan = clang
CC_fuzz = clang
CC_coverage = clang
CROSS_amd64 = x86_64-linux-gnu-
CROSS_arm64 = aarch64-linux-gnu-
CROSS = $(CROSS_$(MODE))
CC_amd64 = $(CROSS)gcc
CC_arm64 = $(CROSS)gcc
EMULATOR_amd64 = qemu-x86_64
EMULATOR_arm64 = qemu-aarch64
EMULATOR = $(EMULATOR_$(MODE))
CFLAGS_gcc = -Werror
CFLAGS_clang = -Werror
CFLAGS_asan = -Werror -U_FORTIFY_SOURCE -O1 -fsanitize=address,undefined \
	-fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_asan = -fsanitize=address,undefined
CFLAGS_fuzz = $(CFLAGS_asan) -fsanitize=fuzzer-no-link
CFLAGS_coverage = -Werror -U_FORTIFY_SOURCE -O1 -fprofile-instr-generate -fcoverage-mapping
LDFLAGS_coverage = -fprofile-instr-generate
COMPILE = $(CC_$(MODE)) $(CPPFLAGS_ALL) $(CPPFLAGS) $(CFLAGS_ALL) $(CFLAGS_$(MODE)) $(CFLAGS)
LINK = $(CC_$(MODE)) $(LDFLAGS_ALL) $(LDFLAGS_$(MODE)) $(LDFLAGS)

CONNECTORS = $(notdir $(patsubst %/,%,$(dir $(wildcard connectors/*/main.c))))
# The same programs as Singer targets.
TARGETS = $(CONNECTORS:destination-%=target-%)
LIBRARY = $(B)/libairbyte.a
LIBRARY_OBJECTS = $(patsubst %.c,$(B)/%.o,$(wildcard libairbyte/*.c))
TESTS = $(patsubst unit_tests/%.c,$(B)/unit_tests/%,$(wildcard unit_tests/*/test_*.c))
FUZZERS = $(patsubst unit_tests/%.c,$(B)/unit_tests/%,$(wildcard unit_tests/*/fuzz_*.c))
SOURCES = $(wildcard libairbyte/*.[ch] connectors/*/*.[ch] unit_tests/*/*.[ch] \
	integration_tests/*/*.c)

all: $(CONNECTORS:%=$(BIN)/%) $(TARGETS:%=$(BIN)/%)

# --- library and connectors --------------------------------------------------------------------

$(TARGETS:%=$(BIN)/%): $(BIN)/target-%: $(BIN)/destination-%
	$(call say,LN,$@)
	$(Q)ln -sf $(<F) $@

$(B)/libairbyte/%.o: libairbyte/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(COMPILE) -include libairbyte/banned.h -c $< -o $@

$(LIBRARY): $(LIBRARY_OBJECTS)
	$(call say,AR,$@)
	@rm -f $@
	$(Q)$(CROSS)$(AR) rcs $@ $^

# A connector's specification and version, as C: od and sed are all it takes.
build/gen/%/embedded.h: specs/%.json metadata.yaml
	@mkdir -p $(@D)
	@{ echo 'static const unsigned char embedded_spec[] = {'; \
	  od -An -v -tx1 $< | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'; echo '0};'; \
	  sed -n '/^ *dockerRepository:.*\/$*$$/,/^---/s/^ *dockerImageTag: *"\{0,1\}\([^" ]*\).*/#define EMBEDDED_VERSION "\1"/p' \
	    metadata.yaml | head -n 1; } > $@.tmp && mv $@.tmp $@

define connector
$(1)_OBJECTS = $$(patsubst %.c,$$(B)/%.o,$$(wildcard connectors/$(1)/*.c))
$$(B)/connectors/$(1)/%.o: connectors/$(1)/%.c build/gen/$(1)/embedded.h
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)
	$$(Q)$$(COMPILE) -Ibuild/gen/$(1) -include libairbyte/banned.h -c $$< -o $$@
$$(BIN)/$(1): $$($(1)_OBJECTS) $$(LIBRARY)
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)
	$$(Q)$$(LINK) $$^ $$(LDLIBS_ALL) $$(LDLIBS) -o $$@
$$(B)/unit_tests/$(1)/%: unit_tests/$(1)/%.c $$(filter-out %/main.o,$$($(1)_OBJECTS)) $$(LIBRARY)
	@mkdir -p $$(@D)
	$$(call say,TEST,$$@)
	$$(Q)$$(COMPILE) -iquote connectors/$(1) -Ibuild/gen/$(1) $$(LDFLAGS_ALL) $$(LDFLAGS_$$(MODE)) \
	  $$< $$(filter %.o %.a,$$^) $$(LDLIBS_ALL) -lcmocka -o $$@
endef
$(foreach name,$(CONNECTORS),$(eval $(call connector,$(name))))

$(B)/unit_tests/libairbyte/%: unit_tests/libairbyte/%.c $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,TEST,$@)
	$(Q)$(COMPILE) $(LDFLAGS_ALL) $(LDFLAGS_$(MODE)) $< $(filter %.o %.a,$^) $(LDLIBS_ALL) -lcmocka -o $@

# What runs a fuzz target: libFuzzer, or main() of a program that replays inputs.
ifeq ($(MODE),fuzz)
$(FUZZERS): LDFLAGS_fuzz = -fsanitize=fuzzer,address,undefined
else
$(FUZZERS): $(B)/unit_tests/fuzz/replay.o
endif
$(B)/unit_tests/fuzz/replay.o: unit_tests/fuzz/replay.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(COMPILE) -c $< -o $@

# --- tests -------------------------------------------------------------------------------------

SUDO = $(shell [ "$$(id -u)" = 0 ] || echo sudo)

# Installs the Debian packages in $(1) that are not there.
install = missing=; for p in $(1); do \
	  dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; \
	done; [ -z "$$missing" ] || { echo "installing:$$missing"; \
	  $(SUDO) apt-get update -q && DEBIAN_FRONTEND=noninteractive \
	  $(SUDO) apt-get install -y -q --no-install-recommends $$missing; }

deps:
	@$(call install,$(PACKAGES))

check-deps: deps
	@$(call install,$(CHECK_PACKAGES))

test: deps
	@$(MAKE) all unit-test integration-test

unit-test: $(TESTS) fuzz-replay
	@EMULATOR=$(EMULATOR) sh unit_tests/run.sh $(TESTS)

integration-test: all build/faults.so build/json-forms
	$(PYTHON) -m pytest -q -p no:cacheprovider -n $(JOBS) integration_tests \
	  --ignore integration_tests/image --ignore integration_tests/clients $(PYTEST)

# What tests let fail in a program from inside.
build/faults.so: integration_tests/faults/faults.c
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC_$(MODE)) -D_GNU_SOURCE $(CFLAGS_ALL) -fPIC -shared $< -o $@

# What tests compare with Python's JSON.
build/json-forms: integration_tests/json/forms.c $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(COMPILE) $(LDFLAGS_ALL) $(LDFLAGS_$(MODE)) $< $(LIBRARY) $(LDLIBS_ALL) -o $@

# The inputs of each fuzz target lie in a folder of its name. Once all of them, without libFuzzer.
fuzz-replay: $(FUZZERS)
	@for f in $(FUZZERS); do \
	  $(EMULATOR) $$f $${f#$(B)/}/* > $$f.log || { tail -n 1 $$f.log; exit 1; }; done

fuzz: check-deps
	@$(MAKE) MODE=fuzz fuzz-run

fuzz-run: $(FUZZERS)
	@printf '%s\n' $(FUZZERS:$(B)/%=%) | \
	  xargs -P $(FUZZ_JOBS) -I{} sh unit_tests/fuzz/run.sh $(B) {} $(FUZZ_SECONDS)

# The connectors' programs are looked at too: in them is what no test has.
coverage: check-deps
	@rm -rf build/coverage/profiles
	@LLVM_PROFILE_FILE=$(CURDIR)/build/coverage/profiles/%m.profraw $(MAKE) MODE=coverage all unit-test
	@$(MAKE) MODE=coverage coverage-report

coverage-report:
	@sh unit_tests/coverage.sh $(B) $(COVERAGE_FLOOR) $(CONNECTORS:%=$(BIN)/%) $(TESTS) $(FUZZERS)

# --- check -------------------------------------------------------------------------------------

check: check-deps format-check
	@$(MAKE) MODE=gcc all unit-test
	@$(MAKE) MODE=clang all unit-test
	@$(MAKE) MODE=asan all unit-test
	@$(MAKE) lint

format-check:
	clang-format --dry-run --Werror $(SOURCES)

format:
	clang-format -i $(SOURCES)

lint: $(CONNECTORS:%=build/gen/%/embedded.h)
	@printf '%s\n' libairbyte/*.c $(CONNECTORS:%=connectors/%/*.c) | xargs -P $$(nproc) -I{} sh -c \
	  'clang-tidy --quiet "--warnings-as-errors=*" {} -- $(filter-out -MMD -MP,$(CPPFLAGS_ALL)) -std=c17 \
	    -Ibuild/gen/$$(basename $$(dirname {})) 2> /dev/null'
	cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability,performance \
	  --inline-suppr --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches \
	  -D__SSE2__=1 -Ilibairbyte libairbyte $(CONNECTORS:%=connectors/%)

# --- images ------------------------------------------------------------------------------------

# With the engine that is there: ENGINE=docker|podman. Another architecture needs BuildKit.
docker:
	@[ -n "$(C)" ] || { echo 'which connector? make docker C=$(firstword $(CONNECTORS))'; exit 1; }
	$(Q)$(if $(FOREIGN),DOCKER_BUILDKIT=1) ENGINE=$(ENGINE) docker/build $(C) $(FOREIGN)

# All images, in TAGS, built in a base that is made here if it cannot be pulled.
images:
	@BASE=$$(docker/base) && export BASE && for name in $(CONNECTORS); do \
	  $(MAKE) docker C=$$name || exit 1; done

# All that is installed is so before docker/engine, under which sudo cannot use the terminal.
docker-test: deps
	@$(call install,$(DOCKER_TEST_PACKAGES) $(BASE_PACKAGES))
	@$(MAKE) all
	@docker/engine docker/images $(MAKE) image-test

# With an engine and the images at hand: the images themselves, and the platform that starts them.
image-test:
	@code=0; \
	$(PYTHON) -m pytest -q -p no:cacheprovider integration_tests/image $(PYTEST) || code=1; \
	SIMULATE=image $(PYTHON) -m pytest -q -p no:cacheprovider -n $(JOBS) \
	  $(wildcard integration_tests/test_platform_*.py) $(PYTEST) || code=1; \
	exit $$code

# What an image is built with and made of, in the container that builds it.
image-deps:
	@[ -z "$(FOREIGN)" ] || { dpkg --add-architecture $(ARCH) && apt-get update -q; }
	@$(call install,$(IMAGE_PACKAGES))

# Unpacked and not installed: the installation would start a daemon, now and at each boot.
docker-deps:
	@$(call install,$(DOCKER_LIBRARIES))
	@docker/unpack build/docker/root $(DOCKER_PACKAGES)

base-deps:
	@$(call install,$(BASE_PACKAGES))

# --- registry ----------------------------------------------------------------------------------

dist: deps
	@$(MAKE) all
	@$(PYTHON) docker/dist

# Its virtual environment comes from the Python package registry, once, and is kept in build/clients/.
client-test: deps
	@$(call install,python3-venv $(BASE_PACKAGES))
	@$(MAKE) all
	@docker/engine docker/images $(MAKE) clients

# With an engine and the images at hand.
clients:
	$(PYTHON) -m pytest -q -p no:cacheprovider integration_tests/clients $(PYTEST)

.PHONY: dist client-test clients

# --- the rest ----------------------------------------------------------------------------------

demo: deps
	@$(MAKE) all
	@$(PYTHON) integration_tests/demo.py

torture: deps
	@$(MAKE) all
	@$(PYTHON) integration_tests/torture/campaign.py --connector $(CONNECTOR) \
	  --protocol $(PROTOCOL) --seeds $(SEEDS) --jobs $(JOBS)

bench: deps
	@$(MAKE) all $(B)/bench/destination-null
	@$(PYTHON) integration_tests/bench/bench.py --null $(B)/bench/destination-null \
	  $(if $(STORE),--store)

$(B)/bench/destination-null: integration_tests/bench/null.c $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(COMPILE) $(LDFLAGS_ALL) $(LDFLAGS_$(MODE)) $< $(LIBRARY) $(LDLIBS_ALL) -o $@

install: all
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(CONNECTORS:%=bin/%) $(DESTDIR)$(PREFIX)/bin
	for name in $(CONNECTORS:destination-%=%); do \
	  ln -sf destination-$$name $(DESTDIR)$(PREFIX)/bin/target-$$name; done

# The images of docker/engine belong to root.
clean:
	@[ ! -d build/docker ] || $(SUDO) rm -rf build/docker
	rm -rf build bin

-include $(shell [ ! -d $(B) ] || find $(B) -name '*.d')

.PHONY: all deps check-deps test unit-test integration-test fuzz fuzz-run fuzz-replay coverage \
	coverage-report check format format-check \
	lint docker images docker-test image-test image-deps docker-deps base-deps demo torture bench install clean
.SECONDARY:
.DELETE_ON_ERROR:
