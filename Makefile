# make            build/pgretain
# make demo       the main job on a private throw-away PostgreSQL
# make check      every test (what .ci/run calls)
# make install    PREFIX=/usr/local DESTDIR=
BUILD  ?= build
PREFIX ?= /usr/local

PG_CFLAGS := $(shell pg_config --includedir 2>/dev/null | sed 's/^/-isystem /')
WARN   = -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
         -Wformat=2 -Wundef -Wvla
HARDEN = -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE -fno-strict-aliasing
OPT   ?= -O2 -g
CFLAGS  = -std=gnu11 $(OPT) $(WARN) $(HARDEN) $(SAN) -D_GNU_SOURCE -Isrc $(PG_CFLAGS) -MMD -MP
LDFLAGS = -pie -Wl,-z,relro,-z,now $(SAN)
LDLIBS  = -lpq -lconfig -luuid -ljansson -lcrypto -lm

SRC  := $(sort $(shell find src -name '*.c'))
SQL  := $(sort $(shell find sql -name '*.sql'))
OBJ  := $(SRC:src/%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/sqltext_all.o
LIB  := $(filter-out $(BUILD)/obj/main.o,$(OBJ))
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
TOOLS := $(patsubst tests/tools/%.c,$(BUILD)/tools/%,$(wildcard tests/tools/*.c))

all: $(BUILD)/pgretain

$(BUILD)/pgretain: $(BUILD)/obj/main.o $(BUILD)/libpgretain.a
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/libpgretain.a: $(LIB)
	rm -f $@
	$(AR) rcs $@ $(LIB)

$(BUILD)/obj/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -include src/base/banned.h -c -o $@ $<

$(BUILD)/sqltext_all.c: $(SQL) scripts/sql2c
	@mkdir -p $(@D)
	scripts/sql2c $(SQL) > $@.tmp && mv $@.tmp $@

$(BUILD)/obj/sqltext_all.o: $(BUILD)/sqltext_all.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c -o $@ $<

$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/libpgretain.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libpgretain.a $(LDLIBS) -lcmocka

$(BUILD)/tools/%: tests/tools/%.c $(BUILD)/libpgretain.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libpgretain.a $(LDLIBS)

setup:
	@scripts/setup

check-unit: $(UNIT)
	@set -e; for t in $(UNIT); do $$t; done

clean:
	rm -rf build build-*

.PHONY: all setup check-unit clean
-include $(OBJ:.o=.d)
