/** An API object as plain JSON. */
export interface KubeJson {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid?: string
    readonly resourceVersion?: string
    readonly deletionTimestamp?: string
    readonly [field: string]: unknown
  }
  // biome-ignore lint/suspicious/noExplicitAny: plain JSON, whose shape is the kind's
  readonly spec?: any
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly status?: any
  readonly [field: string]: unknown
}

/** What a scheduler said of one pod. Nodes by name; scores weighted. Absent where the scheduler has no such thing to say. */
export interface Answer {
  /** Where it goes. */
  readonly node?: string
  /** Nodes that no filter refused, sorted. */
  readonly feasible?: readonly string[]
  /** By plug-in, by node. Only where two or more nodes were feasible. */
  readonly scores?: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly totals?: Readonly<Record<string, number>>
  /** The message of the event `FailedScheduling`. */
  readonly message?: string
  readonly nominatedNode?: string
  /** `namespace/name` of the pods that have to go, sorted. */
  readonly victims?: readonly string[]
  /** It was never tried: a gate, or a claim that is not there. */
  readonly isHeld?: true
  /** The attempt ended with an error that is not of the cluster's making. */
  readonly error?: string
}

/** What became other in the cluster, by writes of the scheduler or ours. `gone` as `Kind/namespace/name`. */
export interface Changes {
  readonly changed: readonly KubeJson[]
  readonly gone: readonly string[]
}

/** One try of one pod, and how the cluster came to be what it was then. */
export interface Step {
  readonly before: Changes
  readonly pod: KubeJson
  readonly answer: Answer
}

/** A case as the original answered it: objects with the server's defaults, short uids. */
export interface RecordedCase {
  readonly seed: number
  readonly area: string
  readonly objects: readonly KubeJson[]
  readonly steps: readonly Step[]
}

/** `Kind/namespace/name`. */
export const keyOf = ({ kind, metadata: { namespace, name } }: KubeJson): string => `${kind}/${namespace ?? ''}/${name}`

/** Namespaces that every case has; their labels never change, so that no cache of them is ever old. */
export const namespaces: readonly KubeJson[] = [
  { name: 'alpha', labels: { team: 'red', env: 'prod', 'resource.kubernetes.io/admin-access': 'true' } },
  { name: 'beta', labels: { team: 'blue', env: 'prod' } },
  { name: 'gamma', labels: { team: 'red', env: 'dev' } },
  { name: 'delta', labels: {} },
].map(({ name, labels }) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'kubernetes.io/metadata.name': name, ...labels } },
}))

/** Priority classes that every case has. */
export const priorityClasses: readonly KubeJson[] = [
  { name: 'low', value: -10 },
  { name: 'middle', value: 100 },
  { name: 'high', value: 1000 },
  { name: 'higher', value: 2000 },
  { name: 'patient', value: 1500, preemptionPolicy: 'Never' },
].map(({ name, ...rest }) => ({ apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name }, ...rest }))
