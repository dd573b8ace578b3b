import { amountOf, notOver100Percent, validateCountOrPercent } from '#api/apps/v1/count-or-percent.ts'
import type * as types from '#api/apps/v1/types.ts'
import type { PodTemplateSpec, Volume } from '#api/core/v1/types.ts'
import { validateClaimSpec } from '#api/core/v1/validation/claim.ts'
import { validatePodAnnotations } from '#api/core/v1/validation/pod-annotations.ts'
import { validatePodTemplate } from '#api/core/v1/validation/pod-template.ts'
import { notDecremented, parseSound, refuseEmptySelector } from '#api/core/v1/validation/replicas.ts'
import { matches } from '#api/meta/v1/selector.ts'
import { validateAnnotations, validateLabels } from '#api/meta/v1/validate-metadata.ts'
import { validateLabelSelector } from '#api/meta/v1/validate-selector.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { shownAsGiven } from '#schema/given-empty.ts'
import { checkDns1123Label, forbidden, invalid, invalidEach, notNegative, notSupported, required } from '#schema/validate.ts'

/** A new set. */
export const validateStatefulSet = ({ spec }: types.StatefulSet): Cause[] => validateSpec(spec, { isNew: true, checksTemplate: true })

/** What may change of a set is what its controller can roll out; the rest is fixed for life. */
export function validateStatefulSetUpdate(next: types.StatefulSet, previous: types.StatefulSet): Cause[] {
  // A template that was no good before stays without complaint, so that the set can still be scaled and deleted.
  const checksTemplate = validateSpec(previous.spec, { isNew: false, checksTemplate: true }).length === 0
  const causes = validateSpec(next.spec, { isNew: false, checksTemplate })
  const fixed = (spec: types.StatefulSetSpec) => {
    const { replicas: _replicas, template: _template, updateStrategy: _strategy, minReadySeconds: _seconds, ...rest } = spec
    const { ordinals: _ordinals, revisionHistoryLimit: _limit, persistentVolumeClaimRetentionPolicy: _policy, ...own } = rest
    return own
  }
  if (!same(fixed(next.spec), fixed(previous.spec)))
    causes.push(
      forbidden(
        'spec',
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
      ),
    )
  return causes
}

interface Mode {
  readonly isNew: boolean
  readonly checksTemplate: boolean
}

function validateSpec(spec: types.StatefulSetSpec, mode: Mode): Cause[] {
  const { persistentVolumeClaimRetentionPolicy: retention, ordinals, serviceName } = spec
  const causes = [...validatePodManagement(spec.podManagementPolicy), ...validateStrategy(spec.updateStrategy)]
  for (const name of ['whenDeleted', 'whenScaled'] as const) {
    const policy = retention?.[name]
    if (policy !== undefined && policy !== 'Retain' && policy !== 'Delete')
      causes.push(notSupported(`spec.persistentVolumeClaimRetentionPolicy.${name}`, policy, ['Retain', 'Delete']))
  }
  if (mode.isNew)
    for (const [i, claim] of (spec.volumeClaimTemplates ?? []).entries())
      causes.push(...validateClaimSpec(claim.spec, `spec.volumeClaimTemplates[${i}].spec`))
  causes.push(
    ...notNegative('spec.replicas', spec.replicas),
    ...notNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...notNegative('spec.ordinals.start', ordinals?.start),
  )
  if (mode.isNew && serviceName) causes.push(...invalidEach('spec.serviceName', serviceName, checkDns1123Label(serviceName)))
  const selector = spec.selector as types.StatefulSetSpec['selector'] | undefined
  if (selector === undefined) causes.push(required('spec.selector'))
  else causes.push(...validateLabelSelector(selector, 'spec.selector'), ...refuseEmptySelector(selector, 'spec.selector', 'statefulset'))
  const parsed = parseSound(selector)
  if (parsed === undefined) causes.push(invalid('spec.selector', selector))
  else {
    const labels = spec.template.metadata?.labels
    if ((parsed.nothing || parsed.requirements.length > 0) && !matches(parsed, labels))
      causes.push(
        invalid(
          'spec.template.metadata.labels',
          shownAsGiven(spec.template.metadata, 'labels'),
          '`selector` does not match template `labels`',
        ),
      )
    causes.push(...validateTemplate(spec, mode.checksTemplate))
  }
  const { restartPolicy, activeDeadlineSeconds } = spec.template.spec
  if (restartPolicy !== 'Always') causes.push(notSupported('spec.template.spec.restartPolicy', restartPolicy, ['Always']))
  if (activeDeadlineSeconds !== undefined)
    causes.push(forbidden('spec.template.spec.activeDeadlineSeconds', 'activeDeadlineSeconds in StatefulSet is not Supported'))
  return causes
}

/** The template with what the controller will put into each pod: its claims' volumes, no host name. The reference looks at the labels twice. */
function validateTemplate({ template, volumeClaimTemplates: claims = [] }: types.StatefulSetSpec, checksSpec: boolean): Cause[] {
  const path = 'spec.template'
  const { hostname: _hostname, subdomain: _subdomain, volumes, ...rest } = template.spec
  const ofClaims = new Map<string, Volume>(
    claims.map(({ metadata: { name = '' } }) => [name, { name, persistentVolumeClaim: { claimName: name } } as Volume]),
  )
  const all = [...ofClaims.values(), ...(volumes ?? []).filter(({ name }) => !ofClaims.has(name))]
  const completed: PodTemplateSpec = { ...template, spec: { ...rest, ...(all.length > 0 && { volumes: all }) } }
  const { labels, annotations } = template.metadata ?? {}
  return [
    ...(checksSpec ? validatePodTemplate(completed, path) : []),
    ...validateLabels(labels, `${path}.labels`),
    ...validateAnnotations(annotations, `${path}.annotations`),
    ...validatePodAnnotations(annotations, completed.spec, `${path}.annotations`),
  ]
}

function validatePodManagement(policy: string): Cause[] {
  if (policy === 'OrderedReady' || policy === 'Parallel') return []
  return [
    policy === ''
      ? required('spec.podManagementPolicy')
      : invalid('spec.podManagementPolicy', policy, "must be 'OrderedReady' or 'Parallel'"),
  ]
}

function validateStrategy(strategy: types.StatefulSetUpdateStrategy): Cause[] {
  const path = 'spec.updateStrategy'
  const { type, rollingUpdate } = strategy
  if (type === 'RollingUpdate') return rollingUpdate === undefined ? [] : validateLimits(rollingUpdate, `${path}.rollingUpdate`)
  // In the reference's own structure a partition is never absent.
  const shown = rollingUpdate && { Partition: rollingUpdate.partition ?? 0, MaxUnavailable: rollingUpdate.maxUnavailable ?? null }
  if (type !== 'OnDelete') return [invalid(path, { Type: type, RollingUpdate: shown ?? null }, "must be 'RollingUpdate' or 'OnDelete'")]
  if (shown === undefined) return []
  return [invalid(`${path}.rollingUpdate`, shown, "only allowed for updateStrategy 'RollingUpdate'")]
}

function validateLimits({ partition, maxUnavailable }: types.RollingUpdateStatefulSetStrategy, path: string): Cause[] {
  const causes = notNegative(`${path}.partition`, partition)
  if (maxUnavailable === undefined) return causes
  const at = `${path}.maxUnavailable`
  return [
    ...causes,
    ...validateCountOrPercent(maxUnavailable, at),
    ...(amountOf(maxUnavailable) === 0 ? [invalid(at, maxUnavailable, 'cannot be 0')] : []),
    ...notOver100Percent(maxUnavailable, at),
  ]
}

/** What is wrong with a status: counts that are negative or larger than that of all replicas, and a collision count that goes down. */
export function validateStatefulSetStatus({ status: next }: types.StatefulSet, { status: previous }: types.StatefulSet): Cause[] {
  const counts = next as Readonly<Record<string, number | undefined>>
  const parts = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas']
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0 } = next
  const causes = ['replicas', ...parts, 'observedGeneration', 'collisionCount'].flatMap((name) =>
    notNegative(`status.${name}`, counts[name]),
  )
  for (const name of parts)
    if ((counts[name] ?? 0) > replicas) causes.push(invalid(`status.${name}`, counts[name] ?? 0, 'cannot be greater than status.replicas'))
  if (availableReplicas > readyReplicas)
    causes.push(invalid('status.availableReplicas', availableReplicas, 'cannot be greater than status.readyReplicas'))
  return [...causes, ...notDecremented('status.collisionCount', next.collisionCount, previous.collisionCount)]
}
