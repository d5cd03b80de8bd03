// Histograms for JavaScript.
#pragma once

#include <napi.h>

#include "histogram.h"

namespace millrace {

// @brief Writes a histogram's counts into \p out, a Float64Array with an element for each bucket.
// @param reset whether it starts again from zero; nothing is lost in between
// @throws TypeError where \p out is none or of another length
// @locality JavaScript's thread; librdkafka's may record meanwhile
Napi::Value export_buckets(Napi::Env env, Histogram &from, Napi::Value out, bool reset);

}  // namespace millrace
