import type { Namespace } from '#api/core/v1/namespace.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { NetworkPolicy } from '#api/networking/v1/network-policy.ts'
import type { Informer } from '#client/informer.ts'
import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import type { NetworkHost } from '../host.ts'
import { createRulesCheck } from '../rules-check.ts'
import { compilePolicy } from './compiled-policy.ts'
import { createPoliciesShown, type PoliciesShownOptions } from './policies-shown.ts'
import { createPolicyModel, noTable, type PolicyModel } from './policy-model.ts'
import { mirrorAnnotation, type PolicyPod, podAddresses, policyPod } from './policy-pod.ts'

export interface NetworkPoliciesOptions {
  readonly policies: Informer<NetworkPolicy>
  readonly namespaces: Informer<Namespace>
  /** Follows the pods of the whole cluster; `keptPod` says what has to be kept of them. Called when there is a policy; what it gave is closed when there is none any more. */
  readonly openPods: () => Informer<Pod>
  /** The policies of a namespace as they are now; absent: what the watch has shown counts. */
  readonly listPolicies?: PoliciesShownOptions['listPolicies']
  readonly host: Pick<NetworkHost, 'nft' | 'hasRules' | 'listRules'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly nodeName: string
  /** Of family `inet`; nobody else writes to it. */
  readonly table: string
  /** The device that pods of this node hang on. */
  readonly bridge: string
  /** Servers of the node that policies see as pods, such as the name server: by any key. */
  readonly standIns?: Readonly<Record<string, PolicyPod>>
}

/** NetworkPolicies in force on one node. */
export interface NetworkPolicies {
  /**
   * Resolves once the kernel has every rule for a pod of this node that has just got these addresses: at once where there is no policy. Rejects
   * with `Timeout` and the reason after twenty seconds at most; the pod must not start then, and whoever asks may ask again. A pod of the node's own
   * manifests does not wait for lists of an API server that it may itself be part of.
   */
  podReady(pod: Pod, addresses: readonly string[]): Promise<void>
  /** The pod's addresses are not its any more. Whoever was told `podReady` is told this. */
  podGone(uid: string): void
  /** The rules stay in the kernel. */
  stop(): Promise<void>
}

/** A pod of this node, and what the node gave to it: known here before the API knows it, and longer. */
interface Claim {
  pod: Pod
  readonly addresses: readonly string[]
  readonly since: number
}

/** What there is only while there is a policy. */
interface Active {
  readonly model: PolicyModel
  readonly pods: Informer<Pod>
  readonly stop: () => void
}

/** A pod that may not start before the kernel has all changes up to one of them. */
interface Wait {
  readonly until: number
  readonly done: () => void
  readonly fail: (error: WherryError) => void
}

/**
 * Between two transactions that no pod waits for: in a cluster where pods come and go all the time nft is not started more than twenty times a
 * second for what happens on other nodes.
 */
const REST_MS = 50

/** After a refused transaction. */
const putOff: BackoffOptions = { initialMs: 1_000, factor: 2, maxMs: 60_000, jitter: 0.2 }
const READY_TIMEOUT_MS = 10_000

/**
 * Keeps the node's packet rules equal to what NetworkPolicies, pods and namespaces say. Pods of the cluster are followed only while there is a
 * policy. One transaction carries all changes that came while the last one was running. Until everything has been listed after a start, the
 * rules that the kernel has from before stay as they are.
 */
export function startNetworkPolicies(options: NetworkPoliciesOptions): NetworkPolicies {
  const { policies, namespaces, host, clock, random, log, nodeName, table, standIns = {} } = options
  const claims = new Map<string, Claim>()
  let active: Active | undefined
  /** What the kernel has: nothing, what the model was last taken as, or who knows. */
  let kernel: 'unknown' | 'nothing' | 'taken' = 'unknown'
  let running: Promise<void> | undefined
  let isStopped = false
  let attempt = 0
  let retryAt = 0
  let restUntil = 0
  let forgetRetry = (): void => {}
  let forgetRest = (): void => {}
  let problem = ''
  let claimed = 0
  /** Counts changes, and up to which of them the kernel has all. */
  let changed = 1
  let inForce = 0
  const waiting = new Set<Wait>()
  const { listPolicies } = options
  const policiesShown = listPolicies && createPoliciesShown({ policies, listPolicies, clock, log })
  const check = createRulesCheck({
    clock,
    random,
    log,
    host,
    tables: [`inet ${table}`],
    isCalm: () => !isStopped && running === undefined && kernel === 'taken',
    renew() {
      kernel = 'unknown'
      touch()
    },
  })

  // --- what is true ----------------------------------------------------------------------------------------------------------------

  function activate(): Active {
    const model = createPolicyModel(table, options.bridge)
    const pods = options.openPods()
    for (const [key, pod] of Object.entries(standIns)) model.setPod(key, pod)
    for (const claim of claims.values()) model.setPod(identityOf(claim.pod), policyPod(claim.pod, nodeName, claim))
    const stops = [
      namespaces.onChange(({ metadata }, _previous, change) => {
        model.setNamespace(metadata.name, change === 'deleted' ? undefined : (metadata.labels ?? {}))
        touch()
      }),
      pods.onChange((pod, _previous, change) => {
        const identity = identityOf(pod)
        const claim = claims.get(uidOf(pod))
        const isClaimed = claim !== undefined && identityOf(claim.pod) === identity
        // A pod that the API forgot goes on as long as the node has something of it.
        if (isClaimed) claim.pod = pod
        model.setPod(identity, change === 'deleted' && !isClaimed ? undefined : policyPod(pod, nodeName, isClaimed ? claim : undefined))
        touch()
      }),
    ]
    pods.synced().then(stir, () => log.debug('nobody needs the list of pods any more'))
    return {
      model,
      pods,
      stop() {
        for (const stop of stops) stop()
        pods.close().catch((error: unknown) => log.warn('following the pods of the cluster did not end well', { error }))
      },
    }
  }

  function deactivate(): void {
    active?.stop()
    active = undefined
  }

  const stopPolicies = policies.onChange((policy, _previous, change) => {
    const { name, namespace } = policy.metadata
    if (change !== 'deleted') active ??= activate()
    active?.model.setPolicy(`${namespace}/${name}`, change === 'deleted' ? undefined : compilePolicy(policy))
    touch()
  })
  Promise.all([policies.synced(), namespaces.synced()]).then(stir, () => log.debug('stopped before the caches were full'))

  /** What is still to be listed before rules can be written; '' where nothing is. */
  function unknown(): string {
    if (!policies.isSynced) return 'NetworkPolicies'
    if (active === undefined) return ''
    if (!namespaces.isSynced) return 'namespaces'
    return active.pods.isSynced ? '' : 'pods'
  }

  // --- what the kernel has ---------------------------------------------------------------------------------------------------------

  function touch(): void {
    changed += 1
    stir()
  }

  function stir(): void {
    if (isStopped || running !== undefined || inForce === changed || clock.now() < retryAt || unknown() !== '') return
    const restMs = restUntil - clock.monotonicMs()
    if (restMs > 0 && waiting.size === 0) {
      forgetRest()
      forgetRest = clock.schedule(clock.now() + restMs, stir)
      return
    }
    // Changes of one moment go together.
    running = Promise.resolve()
      .then(apply)
      .finally(() => {
        running = undefined
        stir()
      })
  }

  async function apply(): Promise<void> {
    if (isStopped || unknown() !== '') return
    if (policies.list().length === 0) deactivate()
    const upTo = changed
    const after = active === undefined ? 'nothing' : 'taken'
    const isWhole = kernel !== 'taken'
    const text =
      active === undefined ? (kernel === 'nothing' ? '' : noTable(table)) : isWhole ? active.model.takeWhole() : active.model.takeChanges()
    try {
      if (text !== '') {
        await host.nft(text)
        restUntil = clock.monotonicMs() + REST_MS
      }
    } catch (error) {
      refused(error)
      return
    }
    if (text !== '' && isWhole && after === 'taken') log.info('wrote all rules of network policies', { policies: policies.list().length })
    kernel = after
    attempt = 0
    problem = ''
    inForce = upTo
    for (const one of waiting) if (one.until <= inForce) one.done()
    if (after === 'nothing' || isStopped) check.rest()
    else if (isWhole) await check.wroteAll()
    else check.wroteChanges(text)
  }

  /** What the kernel has stands as it was, since a transaction is all or nothing; the next one carries everything, not only what was refused. */
  function refused(error: unknown): void {
    kernel = 'unknown'
    problem = error instanceof Error ? error.message : String(error)
    // Without a policy nothing has to be in force: a kernel that has no such tables starts pods as well.
    if (active === undefined) for (const one of waiting) one.done()
    const waitMs = backoff(putOff, attempt, random)
    attempt += 1
    log.error('the rules of network policies could not be written; all of them will be written anew', { error, waitMs })
    retryAt = clock.now() + waitMs
    forgetRetry()
    forgetRetry = clock.schedule(retryAt, () => {
      // The clock may have been set back since.
      retryAt = 0
      stir()
    })
  }

  return {
    async podReady(pod, addresses) {
      if (pod.spec.hostNetwork === true) return
      if (isStopped) throw stopping()
      const { uid } = pod.metadata
      const before = claims.get(uid)
      const isKnown = before !== undefined && before.addresses.join() === addresses.join()
      if (!isKnown) claimed += 1
      const claim = isKnown ? before : { pod: before?.pod ?? pod, addresses, since: claimed }
      claims.set(uid, claim)
      if (active !== undefined && !isKnown) {
        active.model.setPod(identityOf(claim.pod), policyPod(claim.pod, nodeName, claim))
        touch()
      }
      // What is listed only now is new enough for every pod that is here already.
      if (policiesShown !== undefined && policies.isSynced && !isStatic(pod)) {
        const missing = await policiesShown(pod)
        if (isStopped) throw stopping()
        if (missing !== '')
          throw new WherryError(
            'Timeout',
            `network policies are not in force: policy ${pod.metadata.namespace}/${missing} is not known here yet`,
          )
      }
      if (unknown() !== '' && isStatic(pod)) return
      if (unknown() === '' && (inForce >= changed || active === undefined)) return
      await new Promise<void>((resolve, reject) => {
        const until = changed
        const end = (settle: () => void): void => {
          waiting.delete(wait)
          forget()
          settle()
        }
        const wait: Wait = { until, done: () => end(resolve), fail: (error) => end(() => reject(error)) }
        const forget = clock.schedule(clock.now() + READY_TIMEOUT_MS, () => wait.fail(notReady()))
        waiting.add(wait)
        stir()
      })
    },
    podGone(uid) {
      const claim = claims.get(uid)
      if (claim === undefined) return
      claims.delete(uid)
      if (active === undefined) return
      const shown = active.pods.get(claim.pod.metadata.name, claim.pod.metadata.namespace)
      const identity = identityOf(claim.pod)
      const isThere = shown !== undefined && identityOf(shown) === identity
      active.model.setPod(identity, isThere ? policyPod(shown, nodeName) : undefined)
      touch()
    },
    async stop() {
      isStopped = true
      forgetRetry()
      forgetRest()
      check.rest()
      stopPolicies()
      deactivate()
      for (const one of waiting) one.fail(stopping())
      await running
    },
  }

  function notReady(): WherryError {
    const missing = unknown()
    const why =
      problem !== ''
        ? `the kernel refused the rules: ${problem}`
        : missing !== ''
          ? `the list of ${missing} is not known yet`
          : 'the rules are still being written'
    return new WherryError('Timeout', `network policies are not in force: ${why}`)
  }
}

const stopping = (): WherryError => new WherryError('ServiceUnavailable', 'the agent stops')

/**
 * The cluster's name server as policies see it. Each node answers for it itself; to policies it is a pod of `kube-system` with the label
 * `k8s-app: kube-dns`, as in clusters where pods answer, so what is usually written to let pods ask for names does so here too.
 */
export const nameServerPod = (addresses: readonly string[]): PolicyPod => ({
  namespace: 'kube-system',
  labels: { 'k8s-app': 'kube-dns' },
  addresses: podAddresses(addresses),
  ports: [
    { protocol: 'udp', name: 'dns', number: 53 },
    { protocol: 'tcp', name: 'dns-tcp', number: 53 },
  ],
  isLocal: false,
  since: 0,
})

/** A static pod is known to the API by a mirror that has a uid of its own, and names the pod's. */
const uidOf = ({ metadata }: Pod): string => metadata.annotations?.[mirrorAnnotation] ?? metadata.uid
/** With its names, which nobody else's pod has: whoever may write pods may write that annotation, and would free another's pod of its policies. */
const identityOf = (pod: Pod): string => `${pod.metadata.namespace}/${pod.metadata.name}/${uidOf(pod)}`
const isStatic = ({ metadata }: Pod): boolean => (metadata.annotations?.['kubernetes.io/config.source'] ?? 'api') !== 'api'
