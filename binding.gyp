{
  "targets": [
    {
      "target_name": "millrace",
      "sources": [
        "src/native/bind_ceiling.cc",
        "src/native/bind_channel.cc",
        "src/native/bind_cluster.cc",
        "src/native/bind_files.cc",
        "src/native/bind_hash.cc",
        "src/native/bind_histogram.cc",
        "src/native/bind_json.cc",
        "src/native/bind_kafka.cc",
        "src/native/bind_lent_memory.cc",
        "src/native/bind_lock.cc",
        "src/native/bind_offers.cc",
        "src/native/bind_reader.cc",
        "src/native/bind_results.cc",
        "src/native/bind_sink.cc",
        "src/native/bind_topics.cc",
        "src/native/bind_unpack.cc",
        "src/native/binding.cc",
        "src/native/ceiling.cc",
        "src/native/channel.cc",
        "src/native/cluster.cc",
        "src/native/describe.cc",
        "src/native/configs.cc",
        "src/native/environment.cc",
        "src/native/gunzip.cc",
        "src/native/identity.cc",
        "src/native/json_scan.cc",
        "src/native/kafka.cc",
        "src/native/lane.cc",
        "src/native/lent_memory.cc",
        "src/native/message.cc",
        "src/native/plugin.cc",
        "src/native/readback.cc",
        "src/native/reader.cc",
        "src/native/scout.cc",
        "src/native/sink.cc",
        "src/native/unzstd.cc",
        "src/native/whole_files.cc"
      ],
      "include_dirs": [
        "<!(node -p \"require('node-addon-api').include_dir\")",
        "<!(node -p \"require('path').join(require('path').dirname(require.resolve('node-rdkafka/package.json')), 'deps/librdkafka/src')\")"
      ],
      "defines": ["NAPI_VERSION=8", "NAPI_DISABLE_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
      "cflags_cc!": ["-std=gnu++20"],
      "cflags_cc": ["-std=c++17", "-O2", "-Wall", "-Wextra", "-fvisibility=hidden"],
      "xcode_settings": {
        "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
        "GCC_SYMBOLS_PRIVATE_EXTERN": "YES"
      }
    }
  ]
}
