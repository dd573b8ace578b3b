import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { PodSpec } from '#api/core/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import { controllerOf } from '#api/meta/v1/owner.ts'
import { WherryError } from '#lib/errors.ts'
import { quote } from '#schema/go-text.ts'
import type { Admission, AdmissionPlugin } from '../../contract.ts'
import { invalidError } from '../../http/status.ts'
import { refusal } from '../refusal.ts'
import type { Checked, Violation } from './check.ts'
import { type PodSecurityConfiguration, readPodSecurity } from './configuration.ts'
import { detailsOf, evaluate } from './evaluate.ts'
import { isStricter, type Policy, policyOf, type Standard, standardText } from './policy.ts'

/** Absent parts are what a server without a configuration has. */
export interface PodSecurityOptions extends Partial<PodSecurityConfiguration> {
  /** Told of each decision, for metrics. */
  readonly onEvaluation?: (evaluation: PodSecurityEvaluation) => void
}

/** One decision, as `pod_security_evaluations_total` counts it. */
export interface PodSecurityEvaluation {
  readonly decision: 'allow' | 'deny' | 'exempt' | 'error'
  readonly mode: 'enforce' | 'audit' | 'warn'
  readonly standard: Standard
  readonly operation: string
  readonly resource: 'pod' | 'controller'
  readonly subresource: string
}

/**
 * The Pod Security Standards, as a namespace's labels ask for them: a pod against the enforced level is refused, one against the others is told
 * of. What makes pods later (a Deployment) is only told of.
 */
export function podSecurity(options: PodSecurityOptions = {}): AdmissionPlugin {
  const { defaults, exemptions } = { ...readPodSecurity(undefined), ...options }
  const settings: Settings = {
    defaults,
    namespaces: new Set(exemptions.namespaces),
    usernames: new Set(exemptions.usernames),
    runtimeClasses: new Set(exemptions.runtimeClasses),
    tell: options.onEvaluation ?? (() => {}),
  }
  return {
    name: 'PodSecurity',
    resources: Object.keys(rules),
    operations: ['CREATE', 'UPDATE'],
    async validate(admission) {
      const { resource, group, subresource } = admission.attributes
      const { validate, parts = isWhole } = rules[group === '' ? resource : `${resource}.${group}`]!
      if (parts(subresource)) validate(admission, settings)
    },
  }
}

interface Settings {
  readonly defaults: Policy
  readonly namespaces: ReadonlySet<string>
  readonly usernames: ReadonlySet<string>
  readonly runtimeClasses: ReadonlySet<string>
  readonly tell: (evaluation: PodSecurityEvaluation) => void
}

const free: Standard = { level: 'privileged', version: 'latest' }
const annotation = 'pod-security.kubernetes.io/'

interface Template {
  readonly metadata?: KubeObject['metadata']
  readonly spec: PodSpec
}
type HasTemplate = {
  readonly spec?: { readonly template?: Template; readonly jobTemplate?: { readonly spec?: { readonly template?: Template } } }
}

interface Rule {
  readonly validate: (admission: Admission, settings: Settings) => void
  /** Which parts of the resource it is for. Absent: only the object itself. */
  readonly parts?: (subresource: string) => boolean
}

const isWhole = (subresource: string): boolean => subresource === ''

/** Parts of a pod that change nothing of what runs in it. */
const harmlessParts = new Set(['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status'])

/** What makes pods later, by where it keeps their template. */
const controller = (templateOf: (object: KubeObject) => Template | undefined): Rule => ({
  validate: (admission, settings) => validateController(admission, settings, templateOf),
})
const template = controller((object) => (object as HasTemplate).spec?.template)

const rules: Readonly<Record<string, Rule>> = {
  pods: { validate: validatePod, parts: (subresource) => !harmlessParts.has(subresource) },
  namespaces: { validate: validateNamespace },
  podtemplates: controller((object) => (object as unknown as { readonly template?: Template }).template),
  replicationcontrollers: template,
  'replicasets.apps': template,
  'deployments.apps': template,
  'statefulsets.apps': template,
  'daemonsets.apps': template,
  'jobs.batch': template,
  'cronjobs.batch': controller((object) => (object as HasTemplate).spec?.jobTemplate?.spec?.template),
}

function validateNamespace(admission: Admission, settings: Settings): void {
  const { object, previous, operation, attributes, kind, warn } = admission
  const { metadata } = object as KubeObject
  const { policy, problems } = policyOf(metadata.labels, settings.defaults)
  const before = previous === undefined ? undefined : policyOf(previous.metadata.labels, settings.defaults)
  if (problems.length > 0 && JSON.stringify(problems) !== JSON.stringify(before?.problems ?? []))
    throw invalidError(kind, attributes.name || metadata.name, problems)
  const isExempt = settings.namespaces.has(metadata.name)
  const tellExempt = () => {
    const text = isExempt ? exemptText(metadata.name, policy, settings.defaults, metadata.labels ?? {}) : undefined
    if (text !== undefined) warn(text)
  }
  if (operation === 'CREATE' || before === undefined) {
    tellExempt()
    return
  }
  const { enforce } = policy
  const { enforce: old } = before.policy
  if (standardText(enforce) === standardText(old) || enforce.level === 'privileged') return
  if (enforce.version === old.version && !isStricter(enforce.level, old.level)) return
  tellExempt()
  if (isExempt) return
  for (const text of violatingPods(admission, metadata.name, enforce, settings)) warn(text)
}

function validatePod(admission: Admission, settings: Settings): void {
  const { object, previous, operation, annotate } = admission
  if (isExempt(admission, settings, 'pod')) return
  const { policy, problems } = namespacePolicy(admission, settings)
  if (problems.length === 0 && isFree(policy)) {
    annotate(`${annotation}enforce-policy`, standardText(policy.enforce))
    settings.tell(evaluationOf(admission, 'allow', 'enforce', policy.enforce, 'pod'))
    return
  }
  if (operation === 'UPDATE' && !changesImages((object as unknown as Pod).spec, (previous as unknown as Pod).spec)) return
  const pod = object as unknown as Pod
  evaluatePod(admission, settings, { annotations: pod.metadata.annotations ?? {}, spec: pod.spec }, true)
}

function validateController(admission: Admission, settings: Settings, templateOf: (object: KubeObject) => Template | undefined): void {
  if (isExempt(admission, settings, 'controller')) return
  const { policy, problems } = namespacePolicy(admission, settings)
  if (problems.length === 0 && policy.warn.level === 'privileged' && policy.audit.level === 'privileged') return
  const template = templateOf(admission.object!)
  if (template === undefined) return
  evaluatePod(admission, settings, { annotations: template.metadata?.annotations ?? {}, spec: template.spec }, false)
}

function evaluatePod(admission: Admission, settings: Settings, checked: Checked, isEnforced: boolean): void {
  const { annotate, warn } = admission
  const what = isEnforced ? 'pod' : 'controller'
  if (checked.spec.runtimeClassName !== undefined && settings.runtimeClasses.has(checked.spec.runtimeClassName)) {
    annotate(`${annotation}exempt`, 'runtimeClass')
    settings.tell(evaluationOf(admission, 'exempt', 'enforce', free, what))
    return
  }
  const { policy, problems } = namespacePolicy(admission, settings)
  if (problems.length > 0) {
    const texts = problems.map(({ field, message }) => `${field}: ${message}`)
    annotate(`${annotation}error`, `Failed to parse policy: ${texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`}`)
    settings.tell(evaluationOf(admission, 'error', 'enforce', policy.enforce, what))
  }
  const results = new Map<string, readonly Violation[]>()
  const against = (standard: Standard): readonly Violation[] => {
    const key = standardText(standard)
    const found = results.get(key) ?? evaluate(standard, checked)
    results.set(key, found)
    return found
  }
  const refused = isEnforced ? against(policy.enforce) : []
  if (isEnforced) {
    annotate(`${annotation}enforce-policy`, standardText(policy.enforce))
    settings.tell(evaluationOf(admission, refused.length > 0 ? 'deny' : 'allow', 'enforce', policy.enforce, what))
  }
  const say = (standard: Standard) => `would violate PodSecurity ${quote(standardText(standard))}: ${detailsOf(against(standard))}`
  if (against(policy.audit).length > 0) {
    annotate(`${annotation}audit-violations`, say(policy.audit))
    settings.tell(evaluationOf(admission, 'deny', 'audit', policy.audit, what))
  }
  // Who is refused needs no warning.
  if (refused.length > 0) throw refusal(admission, `violates PodSecurity ${quote(standardText(policy.enforce))}: ${detailsOf(refused)}`)
  if (against(policy.warn).length > 0) {
    warn(say(policy.warn))
    settings.tell(evaluationOf(admission, 'deny', 'warn', policy.warn, what))
  }
}

function isExempt(admission: Admission, settings: Settings, what: 'pod' | 'controller'): boolean {
  const { namespace, user } = admission.attributes
  const reason = settings.namespaces.has(namespace) ? 'namespace' : settings.usernames.has(user.name) ? 'user' : undefined
  if (reason === undefined) return false
  admission.annotate(`${annotation}exempt`, reason)
  settings.tell(evaluationOf(admission, 'exempt', 'enforce', free, what))
  return true
}

function namespacePolicy({ attributes, objects }: Admission, settings: Settings): ReturnType<typeof policyOf> {
  const namespace = objects.get(Namespace, attributes.namespace)
  if (namespace === undefined)
    throw new WherryError('InternalError', `Internal error occurred: failed to lookup namespace ${quote(attributes.namespace)}`)
  return policyOf(namespace.metadata.labels, settings.defaults)
}

const isFree = ({ enforce, audit, warn }: Policy): boolean => [enforce, audit, warn].every(({ level }) => level === 'privileged')

const evaluationOf = (
  { operation, attributes }: Admission,
  decision: PodSecurityEvaluation['decision'],
  mode: PodSecurityEvaluation['mode'],
  standard: Standard,
  resource: 'pod' | 'controller',
): PodSecurityEvaluation => ({ decision, mode, standard, operation, resource, subresource: attributes.subresource })

/** Of a pod's spec only images and ephemeral containers can change. */
function changesImages(next: PodSpec, before: PodSpec): boolean {
  if (next.containers.length !== before.containers.length) return true
  if ((next.initContainers ?? []).length !== (before.initContainers ?? []).length) return true
  const differs = (list: 'containers' | 'initContainers') =>
    (next[list] ?? []).some(({ image }, position) => image !== before[list]?.[position]?.image)
  if (differs('containers') || differs('initContainers')) return true
  return (next.ephemeralContainers ?? []).some(
    ({ name, image }) => image !== before.ephemeralContainers?.find((present) => present.name === name)?.image,
  )
}

/** How many pods of a namespace are looked at when its labels change. */
const podsMax = 3000

/** Warnings about pods that the namespace's new level would refuse: one a reason, with the first pod's name. */
function violatingPods({ objects }: Admission, namespace: string, enforce: Standard, settings: Settings): readonly string[] {
  const all = (objects.list(Pod, namespace) as readonly Pod[]).filter(
    ({ spec }) => spec.runtimeClassName === undefined || !settings.runtimeClasses.has(spec.runtimeClassName),
  )
  // Pods of one controller are alike: one of each first, in case there are too many.
  const seen = new Set<string>()
  const later: Pod[] = []
  const first = all.filter((pod) => {
    const controller = controllerOf(pod)?.uid
    if (controller === undefined || !seen.has(controller)) {
      if (controller !== undefined) seen.add(controller)
      return true
    }
    later.push(pod)
    return false
  })
  const checked = [...first, ...later].slice(0, podsMax)
  const byReason = new Map<string, string[]>()
  for (const { metadata, spec } of checked) {
    const violations = evaluate(enforce, { annotations: metadata.annotations ?? {}, spec })
    if (violations.length === 0) continue
    const reason = violations.map((violation) => violation.reason).join(', ')
    byReason.set(reason, [...(byReason.get(reason) ?? []), metadata.name])
  }
  return [
    ...(checked.length < all.length
      ? [`new PodSecurity enforce level only checked against the first ${checked.length} of ${all.length} existing pods`]
      : []),
    ...(byReason.size > 0
      ? [`existing pods in namespace ${quote(namespace)} violate the new PodSecurity enforce level ${quote(standardText(enforce))}`]
      : []),
    ...[...byReason].map(([reason, names]) => `${namesText(names)}: ${reason}`).sort(),
  ]
}

function namesText(names: readonly string[]): string {
  const first = names.toSorted()[0]!
  if (names.length === 1) return first
  return names.length === 2 ? `${first} (and 1 other pod)` : `${first} (and ${names.length - 1} other pods)`
}

/** What is told of labels that change nothing, because the namespace is exempt. */
function exemptText(name: string, policy: Policy, defaults: Policy, labels: Readonly<Record<string, string>>): string | undefined {
  const modes = ['enforce', 'audit', 'warn'] as const
  if (isFree(policy) || modes.every((mode) => standardText(policy[mode]) === standardText(defaults[mode]))) return undefined
  const shown = modes.filter(
    (mode) =>
      policy[mode].level !== 'privileged' &&
      (labels[`${annotation}${mode}`] !== undefined || labels[`${annotation}${mode}-version`] !== undefined),
  )
  const texts = shown.map((mode) => `${mode}=${standardText(policy[mode])}`)
  return `namespace ${quote(name)} is exempt from Pod Security, and the policy (${texts.join(', ')}) will be ignored`
}
