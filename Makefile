# make            build/pgretain                        make clean
# make demo       the main job on a private throw-away PostgreSQL
# make check      every test (what .ci/run calls)       make check-unit, check-pg, check-clang
# make check-crash  death at every failpoint and KILLS=500 random instants (hours; see tests/pg/crash.t)
# make check-asan unit and server tests under ASan and UBSan
# make fuzz       libFuzzer, each target for TIME=60 seconds; FUZZ="archive rows" picks some
# make lint       layers, sizes, lines                  make bench     speed, never part of check
# make install    PREFIX=/usr/local SYSCONFDIR=/etc DESTDIR=
# make setup      install what is missing (all, demo and check do it too)
# V=1 shows the commands, T="tests/pg/a.t" picks server tests, CC=clang another compiler
BUILD  ?= build
PREFIX ?= /usr/local
SYSCONFDIR ?= $(if $(filter /usr /usr/local,$(PREFIX)),/etc,$(PREFIX)/etc)
V      ?=
T      ?= $(sort $(wildcard tests/pg/*.t))

# gzip by ISA-L where it is there, else by zlib; ISAL= leaves it aside
ISAL   ?= $(if $(wildcard $(addsuffix /isa-l/igzip_lib.h,/usr/include /usr/local/include)),yes)
DEFLATE = $(if $(ISAL),-lisal,-lz)

# as many at a time as there are processors, unless told
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif

# asked once, and not before the first compilation: setup may have to install pg_config
PG_CFLAGS = $(eval PG_CFLAGS := $(shell pg_config --includedir 2>/dev/null | \
                                 sed 's/^/-isystem /'))$(PG_CFLAGS)
WARN   = -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
         -Wformat=2 -Wundef -Wvla
# fortified libc calls need optimisation and hide from the sanitizers
FORTIFY = $(if $(SAN)$(filter -O0,$(OPT)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
HARDEN = $(FORTIFY) -fstack-protector-strong -fPIE -fno-strict-aliasing
OPT   ?= -O2 -g
CFLAGS  = -std=gnu11 $(OPT) $(WARN) $(HARDEN) $(SAN) -D_GNU_SOURCE $(if $(ISAL),-DHAVE_ISAL) -Isrc $(PG_CFLAGS)
DEPS    = -MMD -MP -MF $@.d -MT $@
LDFLAGS = -pie -Wl,-z,relro,-z,now $(SAN)
LDLIBS  = -lpq -lconfig -luuid -ljansson -lcrypto $(DEFLATE) -lzstd -llz4 -lm

SRC  := $(sort $(shell find src -name '*.c' 2>/dev/null))
SQL  := $(sort $(shell find sql -name '*.sql' 2>/dev/null))
OBJ  := $(SRC:src/%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/sqltext_all.o
LIB  := $(filter-out $(BUILD)/obj/main.o,$(OBJ))
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
TOOLS := $(patsubst tests/tools/%.c,$(BUILD)/tools/%,$(wildcard tests/tools/*.c))
# a fuzz target is a unit test too, over its corpus
FUZZ  ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
TIME  ?= 60
UNIT  += $(FUZZ:%=$(BUILD)/fuzz/fuzz_%)
# functions of the program that a target replaces by its own
WRAP_template = sqltext_get bug
WRAP_tools = spawn_run

# The same for another BUILD directory: no two makes work in one.
# exec: a shell in between would die of a signal before those who still clean up
AGAIN = +@exec $(MAKE) --no-print-directory
# gcc takes the sanitizer's own look at a pointer for a chance of NULL: no warning about formats here
SANITIZE = BUILD=build-asan OPT='-O1 -g -fno-omit-frame-pointer' \
           SAN='-fsanitize=address,undefined -fno-sanitize-recover=all -Wno-format-truncation'
# libFuzzer's main in the place of tests/fuzz/fuzz.h's. clang calls NULL + 0 an overflow of a pointer.
LIBFUZZER = BUILD=build-fuzz CC=clang OPT='-O1 -g -fno-omit-frame-pointer' ENGINE='-fsanitize=fuzzer -DFUZZING' BUFFER=-DDUMP_BUFFER=512 \
            SAN='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=pointer-overflow \
            -fno-sanitize-recover=all'

Q   = $(if $(V),,@)
say = $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),@:,@echo '  $(1)  $@')

all: $(BUILD)/pgretain

$(BUILD)/pgretain: $(BUILD)/obj/main.o $(BUILD)/libpgretain.a
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/libpgretain.a: $(LIB)
	$(call say,AR)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(LIB)

$(BUILD)/obj/%.o: src/%.c Makefile | setup
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) $(DEPS) -include src/base/banned.h -c -o $@ $<

$(BUILD)/obj/dump/%.o: CFLAGS += $(BUFFER)

$(BUILD)/sqltext_all.c: $(SQL) sql/query sql/schema scripts/sql2c
	@mkdir -p $(@D)
	$(Q)scripts/sql2c $(SQL) > $@.tmp && mv $@.tmp $@

$(BUILD)/obj/sqltext_all.o: $(BUILD)/sqltext_all.c | setup
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) $(DEPS) -c -o $@ $<

$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/libpgretain.a
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) $(DEPS) $(LDFLAGS) -o $@ $< $(BUILD)/libpgretain.a $(LDLIBS) -lcmocka -lz

$(BUILD)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(BUILD)/libpgretain.a
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) $(DEPS) -DCORPUS='"tests/fuzz/corpus/$*"' $(ENGINE) $(LDFLAGS) \
		$(WRAP_$*:%=-Wl,--wrap=%) -o $@ $< $(BUILD)/libpgretain.a $(LDLIBS)

$(BUILD)/tools/%: tests/tools/%.c $(BUILD)/libpgretain.a
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) $(DEPS) $(LDFLAGS) -o $@ $< $(BUILD)/libpgretain.a $(LDLIBS)

setup:
	@scripts/setup

demo: all
	@exec scripts/demo

check: lint-layers check-unit check-pg check-clang
# what fails soonest comes first; clang works while server tests wait for something
ifneq ($(filter check,$(MAKECMDGOALS)),)
check-pg check-clang: | lint-layers check-unit
endif

check-build: $(BUILD)/pgretain $(UNIT) $(TOOLS)

check-unit: $(UNIT)
	@scripts/check-unit $(UNIT)

check-pg: $(BUILD)/pgretain $(TOOLS)
	@exec env PGRETAIN=$(abspath $(BUILD)/pgretain) BUILD=$(abspath $(BUILD)) scripts/check-pg $(T)

check-crash: setup
	$(AGAIN) $(BUILD)/pgretain
	@exec env PGRETAIN=$(abspath $(BUILD)/pgretain) PGRETAIN_CRASH=full KILLS=$(or $(KILLS),500) \
		scripts/check-pg tests/pg/crash.t tests/pg/crash-requests.t

# clang is there for what it says, which needs no optimizer; glibc warns of more where it believes in one.
# Here zlib takes the place of ISA-L, which gcc has.
check-clang:
	+@exec nice $(MAKE) --no-print-directory CC=clang BUILD=build-clang ISAL= \
		OPT='-O0 -D__OPTIMIZE__ -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2' check-build check-codec

check-codec: $(BUILD)/unit/test_dump_codec $(BUILD)/fuzz/fuzz_codec
	@scripts/check-unit $^

check-asan:
	$(AGAIN) $(SANITIZE) check-build
	$(AGAIN) $(SANITIZE) check-unit
	$(AGAIN) $(SANITIZE) check-pg

fuzz: setup
	$(AGAIN) $(LIBFUZZER) fuzz-build
	@exec scripts/fuzz $(TIME) $(FUZZ)

fuzz-build: $(FUZZ:%=$(BUILD)/fuzz/fuzz_%)

lint: lint-layers
	@scripts/lint-size

lint-layers:
	@scripts/lint-layers

bench: all
	@scripts/bench/run $(BENCH)
	@scripts/bench/requests $(BENCH_REQUESTS)
	@scripts/bench/archives $(BENCH_ARCHIVES)

# Configuration that is already there stays; the shipped one can be seen beside the documents.
install: all
	@scripts/install $(BUILD)/pgretain '$(DESTDIR)' '$(PREFIX)' '$(SYSCONFDIR)'

clean:
	rm -rf build build-*

.PHONY: all setup demo check check-build check-unit check-pg check-crash check-clang check-codec check-asan fuzz fuzz-build \
        lint lint-layers bench install clean
-include $(OBJ:=.d) $(UNIT:=.d) $(TOOLS:=.d)
