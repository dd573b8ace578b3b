import { Deployment } from '#api/apps/v1/deployment.ts'
import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { Job } from '#api/batch/v1/job.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { kinds } from '#api/kinds.ts'
import { optionalKinds } from '#api/served-kinds.ts'
import { sleep } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import type { SimulatedCluster } from './cluster.ts'

/** What the people who use the cluster do, one after another. */
export type Step = { readonly atMs: number } & Action

export type Action =
  | { readonly do: 'create'; readonly deployment: Subject; readonly wish: Wish }
  | { readonly do: 'scale'; readonly deployment: Subject; readonly replicas: number }
  | { readonly do: 'roll'; readonly deployment: Subject; readonly image: string }
  | { readonly do: 'pause' | 'resume' | 'undo'; readonly deployment: Subject }
  | { readonly do: 'delete'; readonly deployment: Subject; readonly propagation: Propagation }
  /** All ReplicaSets of the namespace: with Orphan their pods find new ones. */
  | { readonly do: 'delete sets'; readonly namespace: string; readonly propagation: Propagation }
  /** So many, of all in the namespace, by name. */
  | { readonly do: 'delete pods'; readonly namespace: string; readonly count: number; readonly graceSeconds: number }
  /** Takes a pod out of its set by its label, to look at it in peace. */
  | { readonly do: 'release pod'; readonly namespace: string }
  /** ReplicaSets, pods and Jobs of a schedule that nobody owns. */
  | { readonly do: 'sweep'; readonly namespace: string }
  | { readonly do: 'cordon' | 'uncordon' | 'taint' | 'untaint' | 'delete node'; readonly node: number }
  | { readonly do: 'create namespace' | 'delete namespace'; readonly namespace: string }
  | { readonly do: 'expose' | 'unexpose'; readonly deployment: Subject }
  /** Any object; `body` is what it says beside its name. */
  | { readonly do: 'make'; readonly of: Thing; readonly body: object }
  | { readonly do: 'change'; readonly of: Thing; readonly how: 'merge' | 'strategic'; readonly body: object; readonly subresource?: string }
  | { readonly do: 'remove'; readonly of: Thing; readonly propagation?: Propagation }
  /** So many pods of the namespace that run, by name; what a disruption budget refuses is not tried again. */
  | { readonly do: 'evict'; readonly namespace: string; readonly count: number }
  /** The node takes no more pods, and each that it runs is evicted, as kubectl does it, for up to a minute. */
  | { readonly do: 'drain'; readonly node: number }

/** An object by its kind's name, such as `StatefulSet`. */
export interface Thing {
  readonly kind: string
  readonly namespace?: string
  readonly name: string
}

export interface Subject {
  readonly namespace: string
  readonly name: string
}
export type Propagation = 'Background' | 'Foreground' | 'Orphan'

export interface Wish {
  readonly replicas: number
  readonly image: string
  readonly strategy: 'RollingUpdate' | 'Recreate'
  readonly surge: number | string
  readonly unavailable: number | string
  readonly cpu?: string
  readonly isProbed: boolean
  readonly graceSeconds: number
  readonly minReadySeconds: number
  readonly historyLimit: number
}

/** Does all steps in order, each at its time or when the one before is done. What the server refuses is not tried again. */
export async function takeSteps(cluster: SimulatedCluster, steps: readonly Step[]): Promise<void> {
  const { clock } = cluster
  const start = clock.now()
  for (const step of steps) {
    const waitMs = start + step.atMs - clock.now()
    if (waitMs > 0) await sleep(clock, waitMs)
    cluster.history.note({ who: 'user', what: step.do, object: JSON.stringify({ ...step, atMs: undefined, do: undefined }), result: '' })
    for (let attempt = 0; ; attempt += 1) {
      try {
        await take(cluster, step)
        break
      } catch (error) {
        if (!isError(error)) throw error
        // A server that is away comes back.
        if (!isError(error, 'ServiceUnavailable', 'ServerTimeout', 'Timeout') || attempt > 200) {
          cluster.history.note({ who: 'user', what: 'refused', object: step.do, result: error.message })
          break
        }
        await sleep(clock, 500)
      }
    }
  }
}

async function take(cluster: SimulatedCluster, step: Action): Promise<unknown> {
  const { client, nodes } = cluster
  const patch = (kind: AnyKind, { namespace, name }: { readonly namespace?: string; readonly name: string }, body: object) =>
    client.patch(kind, name, { type: 'merge', body }, namespace === undefined ? {} : { namespace })
  const patchNode = (index: number, spec: object) => patch(Node, { name: nodes[index]!.name }, { spec })
  switch (step.do) {
    case 'create':
      return client.create(Deployment, deploymentOf(step.deployment, step.wish), { namespace: step.deployment.namespace })
    case 'scale':
      return patch(Deployment, step.deployment, { spec: { replicas: step.replicas } })
    case 'roll':
      return client.patch(
        Deployment,
        step.deployment.name,
        { type: 'strategic', body: { spec: { template: { spec: { containers: [{ name: 'main', image: step.image }] } } } } },
        { namespace: step.deployment.namespace },
      )
    case 'pause':
      return patch(Deployment, step.deployment, { spec: { paused: true } })
    case 'resume':
      return patch(Deployment, step.deployment, { spec: { paused: null } })
    case 'undo': {
      // As kubectl does it: the template of the newest ReplicaSet but one.
      const { items } = await client.list(ReplicaSet, { namespace: step.deployment.namespace })
      const sets = items
        .filter(({ metadata }) => metadata.ownerReferences?.some(({ name }) => name === step.deployment.name))
        .toSorted((a, b) => revisionOf(b) - revisionOf(a))
      const template = sets[1]?.spec.template as { metadata?: { labels?: Record<string, string> }; spec?: object } | undefined
      if (template === undefined) return undefined
      const { 'pod-template-hash': _hash, ...labels } = template.metadata?.labels ?? {}
      const operations = [{ op: 'replace', path: '/spec/template', value: { metadata: { labels }, spec: template.spec } }]
      return client.patch(Deployment, step.deployment.name, { type: 'json', operations }, { namespace: step.deployment.namespace })
    }
    case 'delete':
      return client.delete(Deployment, step.deployment.name, {
        namespace: step.deployment.namespace,
        propagationPolicy: step.propagation,
      })
    case 'delete sets': {
      const { items } = await client.list(ReplicaSet, { namespace: step.namespace })
      for (const { metadata } of items)
        await client
          .delete(ReplicaSet, metadata.name, { namespace: step.namespace, propagationPolicy: step.propagation })
          .catch(onlyMissing)
      return undefined
    }
    case 'delete pods': {
      const { items } = await client.list(Pod, { namespace: step.namespace })
      for (const { metadata } of byName(items).slice(0, step.count))
        await client.delete(Pod, metadata.name, { namespace: step.namespace, gracePeriodSeconds: step.graceSeconds }).catch(onlyMissing)
      return undefined
    }
    case 'release pod': {
      const { items } = await client.list(Pod, { namespace: step.namespace })
      // A pod of a StatefulSet would keep its name, and its set would wait for it.
      const [first] = byName(items.filter(({ metadata }) => !metadata.ownerReferences?.some(({ kind }) => kind === 'StatefulSet')))
      return first && patch(Pod, { namespace: step.namespace, name: first.metadata.name }, { metadata: { labels: { app: 'released' } } })
    }
    case 'sweep': {
      const { namespace } = step
      // A Job that somebody asked for has no owner either.
      for (const kind of [ReplicaSet, Job, Pod])
        for (const { metadata } of (await client.list(kind, { namespace })).items as readonly KubeObject[])
          if (metadata.ownerReferences === undefined && (kind !== Job || metadata.annotations?.[ofCronJob] !== undefined))
            await client.delete(kind, metadata.name, { namespace, propagationPolicy: 'Background' }).catch(onlyMissing)
      return undefined
    }
    case 'cordon':
      return patchNode(step.node, { unschedulable: true })
    case 'uncordon':
      return patchNode(step.node, { unschedulable: null })
    case 'taint':
    case 'untaint': {
      const { name } = nodes[step.node]!
      const others = ((await client.get(Node, name)).spec.taints ?? []).filter(({ key }) => key !== 'maintenance')
      return patchNode(step.node, { taints: step.do === 'taint' ? [...others, { key: 'maintenance', effect: 'NoExecute' }] : others })
    }
    case 'delete node':
      return client.delete(Node, nodes[step.node]!.name)
    case 'create namespace':
      return client.create(Namespace, { metadata: { name: step.namespace } })
    case 'delete namespace':
      return client.delete(Namespace, step.namespace)
    case 'expose':
      return client.create(
        Service,
        { metadata: { name: step.deployment.name }, spec: { selector: { app: step.deployment.name }, ports: [{ port: 80 }] } },
        { namespace: step.deployment.namespace },
      )
    case 'unexpose':
      return client.delete(Service, step.deployment.name, { namespace: step.deployment.namespace })
    case 'make': {
      const { metadata, ...body } = step.body as { readonly metadata?: object }
      return client.create(kindOf(step.of), { metadata: { ...metadata, name: step.of.name }, ...body }, namespaceOf(step.of))
    }
    case 'change': {
      const { of, how, body, subresource } = step
      const options = { ...namespaceOf(of), ...(subresource !== undefined && { subresource }) }
      return client.patch(kindOf(of), of.name, { type: how, body }, options)
    }
    case 'remove':
      return client.delete(kindOf(step.of), step.of.name, {
        ...namespaceOf(step.of),
        ...(step.propagation !== undefined && { propagationPolicy: step.propagation }),
      })
    case 'evict': {
      const { items } = await client.list(Pod, { namespace: step.namespace })
      for (const pod of byName(items.filter(isRunning)).slice(0, step.count)) await evict(cluster, pod)
      return undefined
    }
    case 'drain':
      return drain(cluster, nodes[step.node]!.name)
  }
}

/** How long a drain goes on that budgets forbid. */
export const drainMs = 60_000
const drainRetryMs = 5_000

async function drain(cluster: SimulatedCluster, node: string): Promise<void> {
  const { client, clock } = cluster
  await client.patch(Node, node, { type: 'merge', body: { spec: { unschedulable: true } } })
  for (let tries = 0; tries < drainMs / drainRetryMs; tries += 1) {
    const { items } = await client.list(Pod, { fieldSelector: `spec.nodeName=${node}` })
    const leaving = items.filter((pod) => isRunning(pod) && !pod.metadata.ownerReferences?.some(({ kind }) => kind === 'DaemonSet'))
    if (leaving.length === 0) return
    for (const pod of byName(leaving)) await evict(cluster, pod)
    await sleep(clock, drainRetryMs)
  }
}

async function evict({ client }: SimulatedCluster, { metadata: { name, namespace = '' } }: Pod): Promise<void> {
  try {
    await client.act(Pod, name, 'eviction', { metadata: { name, namespace } }, { namespace })
  } catch (error) {
    if (!isError(error, 'NotFound', 'TooManyRequests', 'Conflict', 'Forbidden')) throw error
  }
}

const isRunning = ({ metadata, status }: Pod): boolean => metadata.deletionTimestamp === undefined && status.phase === 'Running'

function kindOf({ kind }: Thing): AnyKind {
  const found = [...kinds, ...optionalKinds].find((one) => one.kind === kind && one.storedAs === undefined)
  if (found === undefined) throw new TypeError(`there is no kind ${kind}`)
  return found
}

const namespaceOf = ({ namespace }: Thing): { readonly namespace?: string } => (namespace === undefined ? {} : { namespace })

function deploymentOf({ name }: Subject, wish: Wish) {
  const rollingUpdate = { maxSurge: wish.surge, maxUnavailable: wish.unavailable }
  const container = {
    name: 'main',
    image: wish.image,
    ...(wish.cpu !== undefined && { resources: { requests: { cpu: wish.cpu } } }),
    ...(wish.isProbed && { readinessProbe: { exec: { command: ['ready'] }, periodSeconds: 2 } }),
  }
  return {
    metadata: { name },
    spec: {
      replicas: wish.replicas,
      revisionHistoryLimit: wish.historyLimit,
      minReadySeconds: wish.minReadySeconds,
      selector: { matchLabels: { app: name } },
      strategy: wish.strategy === 'Recreate' ? { type: 'Recreate' as const } : { type: 'RollingUpdate' as const, rollingUpdate },
      template: {
        metadata: { labels: { app: name } },
        spec: { terminationGracePeriodSeconds: wish.graceSeconds, containers: [container] },
      },
    },
  }
}

/** What a CronJob notes on its Jobs. */
const ofCronJob = 'batch.kubernetes.io/cronjob-scheduled-timestamp'

const revisionOf = ({ metadata }: KubeObject): number => Number(metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0)

const byName = <T extends KubeObject>(items: readonly T[]): readonly T[] =>
  items.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))

/** Somebody else was faster. */
function onlyMissing(error: unknown): void {
  if (!isError(error, 'NotFound')) throw error
}
