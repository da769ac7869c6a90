/* foreign: what people hand over for a capture, told by its first bytes, so that they hear what to do with it.
 *
 * Shape   in: an input that no reader of captures knows, at its beginning.  out: PP_EMPTY, PP_PACKED (an archive, or
 *         compressed otherwise than is read), PP_TRACE (ETL: netsh trace, pktmon), PP_FOREIGN (another capture format),
 *         or PP_NOTCAPTURE.
 * Source  the formats' magics; ETL has none: WMI_BUFFER_HEADER (72 bytes) and the SYSTEM_TRACE_HEADER behind it, as
 *         described at geoffchappell.com/studies/windows/km/ntoskrnl/api/etw/tracelog/wmi_buffer_header.htm.
 */
#ifndef PP_SOURCE_FOREIGN_H
#define PP_SOURCE_FOREIGN_H

#include "source/input.h"

enum pp_err pp_foreign_err(struct pp_input *input);

#endif
