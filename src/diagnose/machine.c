#include "diagnose/machine.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	DROPS_MANY = 100,  /* CAP-09: one packet lost of so many, nobody knows when */
	RESTARTS_MANY = 3, /* LOC-07: an agent that updates itself is started again once */
};

/* ------------------------------------------------------------------ losses */

static int by_run_and_time(const void *a, const void *b)
{
	const struct pp_loss *one = a, *two = b;

	if (one->run != two->run)
		return one->run < two->run ? -1 : 1;
	return (one->from > two->from) - (one->from < two->from);
}

/* Sorted, and those that meet are one, so that one search answers. */
static void put_in_order(struct pp_diagnosis *diagnosis)
{
	struct pp_loss *list = diagnosis->losses;
	unsigned kept = 0;

	if (diagnosis->loss_count == 0)
		return;
	qsort(list, diagnosis->loss_count, sizeof(*list), by_run_and_time);
	for (unsigned i = 1; i < diagnosis->loss_count; i++) {
		if (list[i].run != list[kept].run || list[i].from > list[kept].until)
			list[++kept] = list[i];
		else if (list[i].until > list[kept].until)
			list[kept].until = list[i].until;
	}
	diagnosis->loss_count = kept + 1;
}

/* Returns how many of a file's lost packets have their time. */
static uint64_t take_losses(struct pp_diagnosis *diagnosis, const struct pp_notes *notes, unsigned run)
{
	uint64_t lost = 0;

	for (size_t i = 0; notes && diagnosis->losses && i < notes->count; i++) {
		const struct pp_note *note = notes->list[i];

		if (note->kind != PP_NOTE_LOST || note->until < note->ts)
			continue;
		diagnosis->losses[diagnosis->loss_count++] = (struct pp_loss){ run, note->ts, note->until };
		lost += note->number;
	}
	return lost;
}

bool pp_machine_lost(const struct pp_diagnosis *diagnosis, uint16_t file, int64_t since, int64_t until)
{
	unsigned low = 0, high = diagnosis->loss_count, run;

	if (file >= diagnosis->file_count || high == 0)
		return false;
	run = diagnosis->files[file].run;
	while (low < high) {
		const struct pp_loss *loss = &diagnosis->losses[low + (high - low) / 2];

		if (loss->run < run || (loss->run == run && loss->until < since))
			low += (high - low) / 2 + 1;
		else
			high = low + (high - low) / 2;
	}
	return low < diagnosis->loss_count && diagnosis->losses[low].run == run && diagnosis->losses[low].from <= until;
}

/* ------------------------------------------------------------------ services */

static bool has_failed(const struct pp_note *note)
{
	if (note->kind != PP_NOTE_UNIT || !(note->flags & PP_NOTE_MEANT) || !note->text[0])
		return false;
	return note->flags & PP_NOTE_FAILED || (note->flags & PP_NOTE_RESTARTS && note->number >= RESTARTS_MANY);
}

/* The last lines of its log; the earlier ones are in the report of the services. */
static void take_log(struct pp_arena *arena, const char *log, struct pp_failed_unit *unit)
{
	while (log && *log) {
		size_t len = strcspn(log, "\n");

		if (len && unit->log_count == PP_UNIT_LOG)
			memmove(unit->log, unit->log + 1, (size_t)--unit->log_count * sizeof(unit->log[0]));
		if (len)
			unit->log[unit->log_count++] =
			    pp_arena_text(arena, (struct pp_span){ (const uint8_t *)log, len }, len);
		log += len;
		log += *log == '\n';
	}
}

static void take_units(struct pp_diagnosis *diagnosis, const struct pp_notes *notes)
{
	for (size_t i = 0; notes && i < notes->count && diagnosis->unit_count < PP_MACHINE_UNITS; i++) {
		struct pp_failed_unit *unit;

		if (!has_failed(notes->list[i]))
			continue;
		unit = &diagnosis->units[diagnosis->unit_count++];
		unit->note = notes->list[i];
		take_log(&diagnosis->arena, unit->note->text[2], unit);
	}
}

/* ------------------------------------------------------------------ all of it */

void pp_machine_observe(struct pp_diagnosis *diagnosis, const struct pp_capture *captures, unsigned count)
{
	size_t most = 0;

	for (unsigned i = 0; i < count; i++)
		most += captures[i].source->notes ? captures[i].source->notes->count : 0;
	if (most)
		diagnosis->losses = pp_arena_alloc(&diagnosis->arena, most * sizeof(*diagnosis->losses));
	for (unsigned i = 0; i < count; i++) {
		const struct pp_source_info *source = captures[i].source;
		struct pp_file_span *file = &diagnosis->files[i];
		uint64_t known = take_losses(diagnosis, source->notes, file->run);
		uint64_t unknown = source->dropped_known && source->dropped > known ? source->dropped - known : 0;

		file->drops = unknown && unknown >= source->packets / DROPS_MANY;
		diagnosis->any_drops |= file->drops;
		take_units(diagnosis, source->notes);
	}
	put_in_order(diagnosis);
}
