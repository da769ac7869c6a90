#include "engine/numbers.h"

#include <stdlib.h>

enum { ROOM_FIRST = 64 };

enum pp_err pp_numbers_begin(struct pp_numbers *numbers, uint16_t file, size_t files, uint32_t first)
{
	if (!numbers->files) {
		numbers->files = calloc(files, sizeof(*numbers->files));
		if (!numbers->files)
			return PP_NOMEM;
		numbers->count = files;
	}
	numbers->files[file].begun = true;
	numbers->files[file].first = first;
	return PP_OK;
}

static enum pp_err reserve(struct pp_numbers_file *file)
{
	size_t room = file->room ? 2 * file->room : ROOM_FIRST;
	struct pp_numbered *list;

	if (file->count < file->room)
		return PP_OK;
	list = realloc(file->list, room * sizeof(*list));
	if (!list)
		return PP_NOMEM;
	file->list = list;
	file->room = room;
	return PP_OK;
}

enum pp_err pp_numbers_add(struct pp_numbers *numbers, uint16_t file, uint32_t stream, uint32_t frame)
{
	struct pp_numbers_file *of = &numbers->files[file];
	enum pp_err err = stream < of->first ? PP_OK : reserve(of);

	if (err == PP_OK && stream >= of->first)
		of->list[of->count++] = (struct pp_numbered){ frame, stream };
	return err;
}

static int by_frame(const void *a, const void *b)
{
	const struct pp_numbered *one = a, *two = b;

	if (one->frame != two->frame)
		return one->frame < two->frame ? -1 : 1;
	return one->stream < two->stream ? -1 : one->stream > two->stream;
}

static int by_stream(const void *a, const void *b)
{
	const struct pp_numbered *one = a, *two = b;

	return one->stream < two->stream ? -1 : one->stream > two->stream;
}

/* `frame` becomes the new number. */
void pp_numbers_settle(struct pp_numbers *numbers)
{
	for (size_t i = 0; i < numbers->count; i++) {
		struct pp_numbers_file *file = &numbers->files[i];

		if (file->count == 0)
			continue;
		qsort(file->list, file->count, sizeof(*file->list), by_frame);
		for (size_t k = 0; k < file->count; k++)
			file->list[k].frame = file->first + (uint32_t)k;
		qsort(file->list, file->count, sizeof(*file->list), by_stream);
	}
}

uint32_t pp_numbers_of(const struct pp_numbers *numbers, uint16_t file, uint32_t stream)
{
	const struct pp_numbered key = { 0, stream }, *found;

	if (!pp_numbers_begun(numbers, file) || numbers->files[file].count == 0)
		return stream;
	found = bsearch(&key, numbers->files[file].list, numbers->files[file].count, sizeof(key), by_stream);
	return found ? found->frame : stream;
}

void pp_numbers_done(struct pp_numbers *numbers)
{
	for (size_t i = 0; i < numbers->count; i++)
		free(numbers->files[i].list);
	free(numbers->files);
	*numbers = (struct pp_numbers){ .files = NULL };
}
