import type { Pod } from '#api/core/v1/pod.ts'
import { allContainers } from '#api/core/v1/pod-helpers.ts'
import { mirrorAnnotation, podReferences } from '#api/core/v1/pod-references.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import type { Container, PodSpec, Volume } from '#api/core/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import { checkPathSegment } from '#api/meta/v1/names.ts'
import type { Clock } from '#lib/clock.ts'
import type { Random } from '#lib/random.ts'
import { quote } from '#schema/go-text.ts'
import type { Admission, AdmissionPlugin, Objects } from '../contract.ts'
import { refusal } from './refusal.ts'

/**
 * Gives each pod its service account (`default` when it names none), the account's pull secrets, and a projected volume with a token, the
 * cluster's CA and the namespace. Refuses a pod whose account is missing, and secrets that an account with
 * `kubernetes.io/enforce-mountable-secrets` does not list.
 */
export function serviceAccountAdmission(options: { readonly random: Random; readonly clock: Clock }): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    resources: ['pods'],
    subresources: ['', 'ephemeralcontainers'],
    operations: ['CREATE', 'UPDATE'],
    admit: async (admission) => {
      if (admission.operation !== 'CREATE') return admission.object
      const pod = admission.object as Pod
      if (isMirror(pod)) {
        checkMirror(admission, pod)
        return pod
      }
      const name = pod.spec.serviceAccountName || 'default'
      const account = await findAccount(admission, name, options.clock)
      const spec = { ...pod.spec, serviceAccountName: name, serviceAccount: name }
      const pullSecrets = spec.imagePullSecrets?.length ? spec.imagePullSecrets : account.imagePullSecrets?.map(({ name }) => ({ name }))
      const next = {
        ...(mountsToken(account, spec) ? withToken(spec, options.random) : spec),
        ...(pullSecrets?.length && { imagePullSecrets: pullSecrets as PodSpec['imagePullSecrets'] }),
      }
      checkSecrets(admission, account, next)
      return { ...pod, spec: next } as KubeObject
    },
    validate: async (admission) => {
      const isCreate = admission.operation === 'CREATE'
      if (!isCreate && admission.attributes.subresource !== 'ephemeralcontainers') return
      const pod = admission.object as Pod
      if (isCreate && isMirror(pod)) return checkMirror(admission, pod)
      const { namespace } = admission.attributes
      if (!pod.spec.serviceAccountName)
        throw refusal(admission, `no service account specified for pod ${namespace}/${pod.metadata.name ?? ''}`)
      const account = await findAccount(admission, pod.spec.serviceAccountName, options.clock)
      checkSecrets(admission, account, pod.spec)
    },
  }
}

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount'
const volumePrefix = 'kube-api-access-'
/** How long a new namespace's controller may take to make the `default` account, before a pod in it is refused. The reference waits about as long. */
const accountWaitMs = 1500

const isMirror = (pod: Pod): boolean => pod.metadata.annotations?.[mirrorAnnotation] !== undefined

function checkMirror(admission: Admission, pod: Pod): void {
  if (pod.spec.serviceAccountName) throw refusal(admission, 'a mirror pod may not reference service accounts')
  if (podReferences(pod).secrets.length > 0) throw refusal(admission, 'a mirror pod may not reference secrets')
  if ((pod.spec.volumes ?? []).some((volume) => volume.projected?.sources?.some((source) => source.serviceAccountToken !== undefined)))
    throw refusal(admission, 'a mirror pod may not use ServiceAccountToken volume projections')
}

async function findAccount(admission: Admission, name: string, clock: Clock): Promise<ServiceAccount> {
  const { objects, attributes } = admission
  const { namespace } = attributes
  const present =
    objects.get(ServiceAccount, name, namespace) ?? (name === 'default' ? await awaitAccount(objects, namespace, clock) : undefined)
  if (present !== undefined) return present as ServiceAccount
  // The reference asks for it by a path, which not every name can be a part of.
  const unusable = checkPathSegment(name)
  const why =
    unusable.length > 0 ? `invalid resource name ${quote(name)}: [${unusable.join(' ')}]` : `serviceaccount ${quote(name)} not found`
  throw refusal(admission, `error looking up service account ${namespace}/${name}: ${why}`)
}

function awaitAccount(objects: Objects, namespace: string, clock: Clock): Promise<KubeObject | undefined> {
  return new Promise((resolve) => {
    const finish = (account: KubeObject | undefined) => {
      stop()
      forget()
      resolve(account)
    }
    const stop = objects.observe(ServiceAccount, (account, change) => {
      if (change === 'put' && account.metadata.name === 'default' && account.metadata.namespace === namespace) finish(account)
    })
    const forget = clock.schedule(clock.now() + accountWaitMs, () => finish(objects.get(ServiceAccount, 'default', namespace)))
  })
}

const mountsToken = (account: ServiceAccount, spec: PodSpec): boolean =>
  spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true

function withToken(spec: PodSpec, random: Random): PodSpec {
  const present = (spec.volumes ?? []).find((volume) => volume.name.startsWith(volumePrefix))
  const name = present?.name ?? `${volumePrefix}${suffix(random)}`
  const lacksMount = (container: Container) => !container.volumeMounts?.some((mount) => mount.mountPath === mountPath)
  // What is mounted there already stays: that is how a pod brings its own credentials.
  const mount = (container: Container): Container =>
    lacksMount(container)
      ? { ...container, volumeMounts: [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath }] }
      : container
  const isNeeded = [...(spec.initContainers ?? []), ...spec.containers].some(lacksMount)
  return {
    ...spec,
    ...(spec.initContainers && { initContainers: spec.initContainers.map(mount) }),
    containers: spec.containers.map(mount),
    ...(isNeeded && present === undefined && { volumes: [...(spec.volumes ?? []), tokenVolume(name)] }),
  }
}

/** 3607 seconds: the one hour of a token, and seven by which the server knows this projection again (see token-request.ts). */
const tokenVolume = (name: string): Volume => ({
  name,
  projected: {
    sources: [
      { serviceAccountToken: { path: 'token', expirationSeconds: 3607 } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
    ],
    defaultMode: 0o644,
  },
})

/** Five characters without vowels and look-alikes, as the API's generated names have them. */
function suffix(random: Random): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
  return Array.from({ length: 5 }, () => alphabet[random.below(alphabet.length)]).join('')
}

/** Held to already while the account is given, so that a pod's other faults are told of later. */
function checkSecrets(admission: Admission, account: ServiceAccount, spec: PodSpec): void {
  if (!enforcesSecrets(account)) return
  const problem = foreignSecret(account, spec, admission.operation === 'CREATE')
  if (problem !== undefined) throw refusal(admission, problem)
}

/** What Go's strconv.ParseBool takes for true. */
const enforcesSecrets = (account: ServiceAccount): boolean =>
  ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(account.metadata.annotations?.['kubernetes.io/enforce-mountable-secrets'] ?? '')

function foreignSecret(account: ServiceAccount, spec: PodSpec, isCreate: boolean): string | undefined {
  const listed = new Set((account.secrets ?? []).map(({ name }) => name))
  const { name: owner } = account.metadata
  const why = (secret: string | undefined) =>
    `secret.secretName="${secret}" is not allowed because service account ${owner} does not reference that secret`
  if (isCreate) {
    for (const { secret } of spec.volumes ?? [])
      if (secret !== undefined && !listed.has(secret.secretName)) return `volume with ${why(secret.secretName)}`
  }
  for (const { list, container } of allContainers(spec)) {
    if (isCreate === (list === 'ephemeralContainers')) continue
    const what = `${{ initContainers: 'init container', containers: 'container', ephemeralContainers: 'ephemeral container' }[list]} ${container.name}`
    for (const { name, valueFrom } of container.env ?? []) {
      const ref = valueFrom?.secretKeyRef
      if (ref !== undefined && !listed.has(ref.name)) return `${what} with envVar ${name} referencing ${why(ref.name)}`
    }
    for (const { secretRef } of container.envFrom ?? [])
      if (secretRef !== undefined && !listed.has(secretRef.name)) return `${what} with envFrom referencing ${why(secretRef.name)}`
  }
  if (!isCreate) return undefined
  const pulls = new Set((account.imagePullSecrets ?? []).map(({ name }) => name))
  for (const [position, { name }] of (spec.imagePullSecrets ?? []).entries())
    if (!pulls.has(name))
      return `imagePullSecrets[${position}].name="${name}" is not allowed because service account ${owner} does not reference that imagePullSecret`
  return undefined
}
