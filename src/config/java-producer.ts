import {
  adjust,
  type JavaEntry,
  type JavaProperty,
  type JavaTable,
  rename,
  wholeNumber,
  withoutEffect,
} from './java-property.ts'

const bytes = 'millrace sends keys and values as the bytes that they are'
const statistics = 'there are no Java metrics; librdkafka tells its own with statistics.interval.ms'
const partitioner = 'librdkafka spreads messages without key by sticky.partitioning.linger.ms'

/** Java's producer settings, and those of the connection, that librdkafka lacks or reads otherwise. */
export const javaProducerProperties: JavaTable = {
  'buffer.memory': rename('queue.buffering.max.kbytes', entry =>
    String(Math.ceil(wholeNumber(entry) / 1024)),
  ),
  // 0 is Java's word for no batches; the first message of a batch always goes in
  'batch.size': adjust(entry => atLeast(1, entry)),
  'max.block.ms': withoutEffect('send waits for room as long as it takes; abort it with a signal'),
  'max.request.size': rename('message.max.bytes'),
  'key.serializer': withoutEffect(bytes),
  'value.serializer': withoutEffect(bytes),
  'key.deserializer': withoutEffect(bytes),
  'value.deserializer': withoutEffect(bytes),
  'retry.backoff.ms': adjust(entry => atLeast(1, entry)),
  'retry.backoff.max.ms': adjust(entry => atLeast(1, entry)),
  'compression.gzip.level': compressionLevel('gzip', 9),
  'compression.lz4.level': compressionLevel('lz4', 12),
  'compression.zstd.level': compressionLevel('zstd', 12),
  'partitioner.class': {
    hint: 'Use `partitioner`, which is murmur2_random unless set: the partitions that Java chooses',
    translate: partitionerClass,
  },
  'partitioner.ignore.keys': {
    hint: 'Use partitioner=random',
    translate: entry => {
      if (entry.value.toLowerCase() === 'true') entry.set('partitioner', 'random')
    },
  },
  'partitioner.adaptive.partitioning.enable': withoutEffect(partitioner),
  'partitioner.availability.timeout.ms': withoutEffect(partitioner),
  'transaction.two.phase.commit.enable': {
    hint: 'Leave it out: librdkafka has no two-phase commit',
    translate: entry => {
      if (entry.value.toLowerCase() !== 'true') return
      throw entry.refuse('asks for two-phase commit, which librdkafka does not have', 'Leave it out')
    },
  },
  'interceptor.classes': withoutEffect('interceptors are Java classes'),
  'metric.reporters': withoutEffect(statistics),
  'auto.include.jmx.reporter': withoutEffect(statistics),
  'metadata.max.idle.ms': withoutEffect('librdkafka keeps the metadata of every topic that it has sent to'),
  'send.buffer.bytes': rename('socket.send.buffer.bytes', systemDefault),
  'receive.buffer.bytes': rename('socket.receive.buffer.bytes', systemDefault),
  'connections.max.idle.ms': adjust(entry => atLeast(0, entry)),
  'socket.connection.setup.timeout.max.ms': withoutEffect(
    'librdkafka gives every attempt socket.connection.setup.timeout.ms',
  ),
  'client.dns.lookup': {
    hint: 'librdkafka has it too',
    translate: entry => {
      if (entry.value === 'default') entry.warn('has no effect: librdkafka tries all addresses of a name')
      else entry.set(entry.name, entry.value)
    },
  },
  'default.api.timeout.ms': withoutEffect('it is for consumers and administration'),
  'config.providers': {
    hint: 'Leave it out: values are taken as they stand',
    translate: entry => {
      throw entry.refuse(
        'asks for values from elsewhere, which only Java can fetch',
        'Leave it out, and give those values as MILLRACE_ variables, such as MILLRACE_SASL_PASSWORD',
      )
    },
  },
}

/** Settings of which there are many under one beginning. */
export const javaProducerPrefixes: readonly (readonly [prefix: string, property: JavaProperty])[] = [
  ['metrics.', withoutEffect(statistics)],
  ['schema.registry.', withoutEffect(bytes)],
  ['basic.auth.', withoutEffect(`it is for a schema registry, and ${bytes}`)],
  ['config.providers.', withoutEffect('values are taken as they stand')],
]

function atLeast(least: number, entry: JavaEntry): string {
  return String(Math.max(least, wholeNumber(entry)))
}

/** Java's -1 is librdkafka's 0. */
function systemDefault(entry: JavaEntry): string {
  return atLeast(0, entry)
}

function compressionLevel(codec: string, highest: number): JavaProperty {
  return {
    hint: `librdkafka has compression.level for the codec in use, at most ${highest} for ${codec}`,
    translate: entry => {
      // another codec's level does nothing in Java either
      const inUse = entry.sibling('compression.type') ?? entry.sibling('compression.codec')
      if (inUse?.toLowerCase() !== codec) return
      const level = wholeNumber(entry)
      if (level > highest) entry.warn(`is taken as ${highest}, librdkafka's highest for ${codec}`)
      entry.set('compression.level', String(Math.min(level, highest)))
    },
  }
}

function partitionerClass(entry: JavaEntry): void {
  const name = entry.value.slice(entry.value.lastIndexOf('.') + 1)
  if (entry.value === '' || name === 'DefaultPartitioner') {
    entry.set('partitioner', 'murmur2_random')
  } else if (name === 'UniformStickyPartitioner') {
    entry.warn('becomes partitioner=random, which looks at no key either')
    entry.set('partitioner', 'random')
  } else {
    entry.refuseUnless(
      ['partitioner'],
      'names a Java class that cannot run here, and messages would go to other partitions',
      'Set `partitioner`: murmur2_random is what Java does by default, random spreads without looking at keys',
    )
  }
}
