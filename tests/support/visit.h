/* visit: what the analysis of a capture in memory shows.  Closes the capture. */
#ifndef PP_TEST_VISIT_H
#define PP_TEST_VISIT_H

#include "support/cmocka_all.h"

#include "engine/analysis.h"
#include "support/capfile.h"

static inline void visit(struct capfile *cap, const struct pp_visitor *visitor)
{
	struct pp_catalogue *catalogue;
	struct pp_analysis *analysis;
	struct pp_source *source;
	struct pp_data_error error;

	assert_int_equal(pp_catalogue_new(&catalogue, &error), PP_OK);
	assert_int_equal(pp_source_open_bytes(&source, cap->out.p, cap->out.len, 0), PP_OK);
	assert_int_equal(pp_analysis_new(&analysis, &(struct pp_analysis_options){ .catalogue = catalogue }), PP_OK);
	assert_int_equal(pp_analysis_run(analysis, &source, 1), PP_OK);
	assert_int_equal(pp_analysis_visit(analysis, &visitor, 1), PP_OK);
	pp_analysis_free(analysis);
	pp_catalogue_free(catalogue);
	cap_close(cap);
}

#endif
