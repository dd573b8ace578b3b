import type { PodPhase } from '#api/core/v1/types.ts'
import type { Instant } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'

/** Objects of tests, with only what the test at hand is about. All live in the namespace `shop`. */
export const namespace = 'shop'

export interface PodFacts {
  readonly node?: string
  readonly phase?: PodPhase
  /** Since when it is ready; absent: it is not. */
  readonly readyAt?: Instant
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly deletedAt?: Instant
  readonly createdAt?: Instant
  readonly ip?: string
  readonly restarts?: number
  readonly owners?: readonly object[]
  readonly finalizers?: readonly string[]
  readonly spec?: object
  readonly status?: object
}

export const pod = (name: string, facts: PodFacts = {}): { metadata: object; spec: object; status: object } => ({
  metadata: {
    name,
    namespace,
    labels: facts.labels ?? { app: 'web' },
    ...given('annotations', facts.annotations),
    ...given('ownerReferences', facts.owners),
    ...given('finalizers', facts.finalizers),
    ...given('deletionTimestamp', facts.deletedAt === undefined ? undefined : rfc3339(facts.deletedAt)),
    ...given('deletionGracePeriodSeconds', facts.deletedAt === undefined ? undefined : 30),
    ...given('creationTimestamp', facts.createdAt === undefined ? undefined : rfc3339(facts.createdAt)),
  },
  spec: { containers: [{ name: 'main', image: 'web' }], ...given('nodeName', facts.node), ...facts.spec },
  status: {
    phase: facts.phase ?? 'Running',
    ...(facts.ip === undefined ? {} : { podIP: facts.ip, podIPs: [{ ip: facts.ip }] }),
    conditions: [
      facts.readyAt === undefined
        ? { type: 'Ready', status: 'False', lastProbeTime: null, lastTransitionTime: null }
        : { type: 'Ready', status: 'True', lastProbeTime: null, lastTransitionTime: rfc3339(facts.readyAt) },
    ],
    containerStatuses: [{ name: 'main', restartCount: facts.restarts ?? 0, ready: facts.readyAt !== undefined }],
    ...facts.status,
  },
})

/** A controlling owner reference by uid. */
export const controlledBy = (kind: string, uid: string, name = uid): object => ({
  apiVersion: kind === 'ReplicaSet' || kind === 'Deployment' ? 'apps/v1' : 'v1',
  kind,
  name,
  uid,
  controller: true,
  blockOwnerDeletion: true,
})

export const template = (image = 'web', labels: Readonly<Record<string, string>> = { app: 'web' }) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'main', image }], restartPolicy: 'Always', terminationGracePeriodSeconds: 30, dnsPolicy: 'ClusterFirst' },
})

export const given = <K extends string>(key: K, value: unknown): object => (value === undefined ? {} : { [key]: value })
