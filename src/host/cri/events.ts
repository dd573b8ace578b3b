import type { RuntimeEvent } from '#kubelet/runtime.ts'
import type { Clock } from '#lib/clock.ts'
import { isError, WherryError } from '#lib/errors.ts'
import { decodeProtobuf } from '#schema/protobuf.ts'
import type { Of } from '#schema/schema.ts'
import type { Channel } from './channel.ts'
import { containerEvents } from './enums.ts'
import * as cri from './messages.ts'
import { type Looked, polledEvents } from './polled-events.ts'

/**
 * What happens to containers and sandboxes, as it happens. CRI's own stream where the runtime has one (containerd 1.7, CRI-O with
 * `enable_pod_events`); containerd 1.6 answers Unimplemented, and there its event service tells the same. A runtime that has neither (CRI-O by
 * default ends the stream at once, without an event) is looked at every second, as the reference looks at every runtime. Ends with an error
 * when the connection breaks.
 */
export async function* runtimeEvents(channel: Channel, runtime: Looked, clock: Clock, signal: AbortSignal): AsyncIterable<RuntimeEvent> {
  try {
    let isTelling = false
    const subscribedAt = clock.now()
    for await (const event of criEvents(channel, signal)) {
      isTelling = true
      yield event
    }
    if (signal.aborted) return
    // A stream that told something, or stood for a while, has broken off like any other.
    if (isTelling || clock.now() - subscribedAt > ENDS_AT_ONCE_MS)
      throw new WherryError('ServiceUnavailable', 'the container runtime ended its stream of events')
  } catch (error) {
    if (!isError(error, 'MethodNotAllowed')) throw error
    try {
      yield* containerdEvents(channel, signal)
      return
    } catch (second) {
      if (!isError(second, 'MethodNotAllowed')) throw second
    }
  }
  yield* polledEvents(runtime, clock, signal)
}

const ENDS_AT_ONCE_MS = 1_000

async function* criEvents(channel: Channel, signal: AbortSignal): AsyncIterable<RuntimeEvent> {
  const events = channel.stream('/runtime.v1.RuntimeService/GetContainerEvents', cri.Empty, cri.ContainerEventResponse, {}, { signal })
  for await (const { containerId = '', containerEventType = 0 } of events) {
    const type = containerEvents[containerEventType]
    if (type !== undefined) yield { type, id: containerId }
  }
}

async function* containerdEvents(channel: Channel, signal: AbortSignal): AsyncIterable<RuntimeEvent> {
  const envelopes = channel.stream(
    '/containerd.services.events.v1.Events/Subscribe',
    cri.SubscribeRequest,
    cri.Envelope,
    { filters },
    { signal, headers: { 'containerd-namespace': NAMESPACE } },
  )
  for await (const { topic = '', event } of envelopes) {
    const read = topics[topic]
    if (read === undefined || event?.value === undefined) continue
    const found = read(event.value)
    if (found !== undefined) yield found
  }
}

/** Where containerd keeps what CRI made. */
const NAMESPACE = 'k8s.io'

const topics: Readonly<Record<string, (bytes: Uint8Array) => RuntimeEvent | undefined>> = {
  '/containers/create': ofContainer('created'),
  '/tasks/start': ofContainer('started'),
  '/tasks/exit': (bytes) => {
    const { containerId = '', id = '' } = decodeProtobuf(cri.TaskExit, bytes, { syntax: 'proto3' }) as Of<typeof cri.TaskExit>
    // The end of an exec is an exit too, under another id.
    return id === containerId ? { type: 'stopped', id } : undefined
  },
  '/tasks/oom': ofContainer('oom'),
  '/containers/delete': ofContainer('deleted'),
}
const filters = Object.keys(topics).map((topic) => `topic=="${topic}",namespace=="${NAMESPACE}"`)

function ofContainer(type: RuntimeEvent['type']) {
  return (bytes: Uint8Array): RuntimeEvent => ({
    type,
    id: (decodeProtobuf(cri.TaskEvent, bytes, { syntax: 'proto3' }) as Of<typeof cri.TaskEvent>).containerId ?? '',
  })
}
