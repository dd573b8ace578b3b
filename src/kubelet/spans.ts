import { Pod } from '#api/core/v1/pod.ts'
import type { Client } from '#client/client.ts'
import type { Clock } from '#lib/clock.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import { inSpan } from '#lib/tracing/active-span.ts'
import type { ImagePuller, ImageResult } from './image/image-puller.ts'
import type { CgroupManager, PodLookup, VolumeManager } from './interfaces.ts'
import type { Runtime } from './runtime.ts'

/**
 * Where the time of a pod's start goes, from the moment that this node first does something for it until the API server has it as running.
 * Each part that works for pods is handed on with a stop-watch around it; the pod's life itself knows nothing of this. In a pod that is traced each
 * is a span too, but for what the runtime is asked: those are spans of the calls themselves.
 */
export interface Spans {
  runtime<R extends Runtime>(runtime: R): R
  volumes<V extends VolumeManager>(volumes: V): V
  cgroups<C extends CgroupManager>(cgroups: C): C
  images(images: ImagePuller): ImagePuller
  /** Sees when the API server knows that a pod runs. */
  client(client: Client): Client
  /** Sees when pods run. Returns a function that ends it. */
  follow(pods: PodLookup): () => void
  /** Of the last pods that started here, the newest first: for `/debug/spans`. */
  recent(): readonly PodSpans[]
}

/** Times in milliseconds since `seenAt`. `runningMs`: every container has started; `toldMs`: the API server has it. */
export interface PodSpans {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly seenAt: string
  readonly spans: readonly { readonly name: string; readonly container?: string; readonly fromMs: number; readonly tookMs: number }[]
  readonly runningMs?: number
  readonly toldMs?: number
}

export function createSpans({ clock, registry }: { readonly clock: Clock; readonly registry: Registry }): Spans {
  const pods = new Map<string, Started>()
  /** Which pod a container is of, from its making to its start. */
  const made = new Map<string, { readonly uid: string; readonly container: string }>()
  const spanSeconds = registry.histogram({
    name: 'kubelet_pod_start_span_duration_seconds',
    help: 'Duration in seconds of what is done for the start of a pod, by its name.',
    stability: 'ALPHA',
    labels: ['span'],
    buckets,
  })
  const startSeconds = registry.histogram({
    name: 'kubelet_pod_start_duration_seconds',
    help: 'Duration in seconds from kubelet seeing a pod for the first time to the pod starting to run',
    stability: 'ALPHA',
    buckets: podBuckets,
  })
  const total = registry.histogram({
    name: 'kubelet_pod_start_total_duration_seconds',
    help: 'Duration in seconds to start a pod since creation, including time to pull images and run init containers, measured as timestamp when all containers are reported as started and observed via watch',
    stability: 'ALPHA',
    buckets: podBuckets,
  })

  const sli = registry.histogram({
    name: 'kubelet_pod_start_sli_duration_seconds',
    help: 'Duration in seconds to start a pod, excluding time to pull images and run init containers, measured from pod creation timestamp to when all its containers are reported as started and observed via watch',
    stability: 'ALPHA',
    buckets: podBuckets,
  })

  function ofPod({ name, namespace, uid }: { readonly name: string; readonly namespace: string; readonly uid: string }): Started {
    const known = pods.get(uid)
    if (known !== undefined) return known
    const [oldest] = pods.keys()
    if (pods.size >= PODS_MAX && oldest !== undefined) pods.delete(oldest)
    const started: Started = { name, namespace, uid, seenAt: clock.now(), seenMs: clock.monotonicMs(), spans: [] }
    pods.set(uid, started)
    return started
  }

  async function measured<T>(pod: Parameters<typeof ofPod>[0], name: string, act: () => Promise<T>, container?: string): Promise<T> {
    const started = ofPod(pod)
    const fromMs = clock.monotonicMs() - started.seenMs
    try {
      return await act()
    } finally {
      const tookMs = clock.monotonicMs() - started.seenMs - fromMs
      // Restarts and what comes later are no part of the start.
      if (started.toldMs === undefined && started.spans.length < SPANS_MAX) {
        started.spans.push({ name, ...(container !== undefined && { container }), fromMs, tookMs })
        spanSeconds.of(name).observe(tookMs / 1000)
      }
    }
  }

  /** Only the start is measured: a pod that ran before this process did has none. */
  function look(lookup: PodLookup, uid: string): void {
    const record = lookup.byUid(uid)
    if (record === undefined) return void pods.delete(uid)
    const started = pods.get(uid)
    if (started === undefined || started.toldMs !== undefined) return
    const sinceMs = clock.monotonicMs() - started.seenMs
    if (started.runningMs === undefined && runs(record.withStatus)) {
      started.runningMs = sinceMs
      startSeconds.of().observe(sinceMs / 1000)
    }
  }

  function told(pod: Pod): void {
    const started = pods.get(pod.metadata.uid)
    if (started?.runningMs === undefined || started.toldMs !== undefined || !runs(pod)) return
    const sinceMs = clock.monotonicMs() - started.seenMs
    started.toldMs = sinceMs
    spanSeconds.of('tell').observe((sinceMs - started.runningMs) / 1000)
    const sinceCreationMs = Math.max(0, clock.now() - Date.parse(pod.metadata.creationTimestamp))
    total.of().observe(sinceCreationMs / 1000)
    if (isPlain(pod)) sli.of().observe(Math.max(0, sinceCreationMs - unionMs(started.spans.filter(({ name }) => name === 'image'))) / 1000)
  }

  /** Whatever it writes is written as before; a status of a running pod that has arrived is noted. */
  const listened = (client: Client): Client => ({
    ...client,
    because: (cause) => listened(client.because(cause)),
    async patch(kind, ...rest) {
      const answer = await client.patch(kind, ...rest)
      if ((kind as unknown) === Pod) told(answer as unknown as Pod)
      return answer
    },
  })

  return {
    client: listened,
    runtime: (runtime) => ({
      ...runtime,
      runSandbox: (config) => measured(config.metadata, 'sandbox', () => runtime.runSandbox(config)),
      async createContainer(sandboxId, config, sandbox) {
        const { name } = config.metadata
        const id = await measured(sandbox.metadata, 'create', () => runtime.createContainer(sandboxId, config, sandbox), name)
        const [oldest] = made.keys()
        if (made.size >= PODS_MAX && oldest !== undefined) made.delete(oldest)
        made.set(id, { uid: sandbox.metadata.uid, container: name })
        return id
      },
      startContainer(id) {
        const owner = made.get(id)
        const started = owner && pods.get(owner.uid)
        made.delete(id)
        return started === undefined
          ? runtime.startContainer(id)
          : measured(started, 'start', () => runtime.startContainer(id), owner!.container)
      },
    }),
    volumes: (volumes) => ({
      ...volumes,
      prepare: (pod, signal) => measured(pod.metadata, 'volumes', () => inSpan('volumes', () => volumes.prepare(pod, signal))),
      teardown: (uid) => inSpan('volumes', () => volumes.teardown(uid)),
    }),
    cgroups: (cgroups) => ({
      ...cgroups,
      ensurePod: (pod) => measured(pod.metadata, 'cgroup', () => inSpan('cgroup', () => cgroups.ensurePod(pod))),
      removePod: (uid) => inSpan('cgroup', () => cgroups.removePod(uid)),
    }),
    images: (images) => ({
      ...images,
      ensure(request) {
        const { name, image = '' } = request.container
        const attributes = { 'k8s.container.name': name, 'container.image.name': image }
        const act = () => inSpan('image', () => images.ensure(request), { attributes, problemOf: imageProblem })
        return measured(request.pod.metadata, 'image', act, name)
      },
    }),
    follow: (lookup) => lookup.onChange((uid) => look(lookup, uid)),
    recent: () =>
      [...pods.values()].toReversed().map(({ seenMs: _, seenAt, ...rest }) => ({ ...rest, seenAt: new Date(seenAt).toISOString() })),
  }
}

const imageProblem = (result: ImageResult): string | undefined => (result.state === 'failed' ? result.message : undefined)

interface Started extends Omit<PodSpans, 'spans' | 'seenAt' | 'runningMs' | 'toldMs'> {
  readonly seenAt: number
  readonly seenMs: number
  readonly spans: PodSpans['spans'][number][]
  runningMs?: number
  toldMs?: number
}

const runs = ({ status }: Pod): boolean =>
  status?.phase === 'Running' && (status.containerStatuses ?? []).every(({ state }) => state.running !== undefined)

/** Whose start the reference's objective is about: nothing runs first, and no storage is waited for. */
const isPlain = ({ spec }: Pod): boolean =>
  (spec.initContainers ?? []).length === 0 && (spec.volumes ?? []).every((volume) => !volume.persistentVolumeClaim && !volume.ephemeral)

/** How long at least one of them was under way. */
function unionMs(spans: PodSpans['spans']): number {
  let endMs = -Infinity
  let sumMs = 0
  for (const { fromMs, tookMs } of spans.toSorted((a, b) => a.fromMs - b.fromMs)) {
    sumMs += Math.max(0, fromMs + tookMs - Math.max(fromMs, endMs))
    endMs = Math.max(endMs, fromMs + tookMs)
  }
  return sumMs
}

/** More than the pods of one node. */
const PODS_MAX = 500
/** A pod of twenty containers has some sixty. */
const SPANS_MAX = 100
const buckets: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
/** The reference's, for starts of pods. */
const podBuckets: readonly number[] = [
  0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600,
]
