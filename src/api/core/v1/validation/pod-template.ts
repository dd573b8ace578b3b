import type { PodTemplateSpec } from '#api/core/v1/types.ts'
import { matches, type Selector } from '#api/meta/v1/selector.ts'
import { validateAnnotations, validateLabels } from '#api/meta/v1/validate-metadata.ts'
import type { Cause } from '#lib/errors.ts'
import { shownAsGiven } from '#schema/given-empty.ts'
import { forbidden, invalid, notSupported, required } from '#schema/validate.ts'
import { validateAppArmorMatch, validatePodAnnotations, validateSeccompMatch } from './pod-annotations.ts'
import { validatePodSpec } from './pod-spec.ts'

/** What is wrong with a template of pods; `path` is where it stands. */
export function validatePodTemplate(template: PodTemplateSpec, path: string): Cause[] {
  const { labels, annotations } = template.metadata ?? {}
  return [
    ...validateLabels(labels, `${path}.labels`),
    ...validateAnnotations(annotations, `${path}.annotations`),
    ...validatePodAnnotations(annotations, template.spec, `${path}.annotations`),
    ...validatePodSpec(template.spec, `${path}.spec`),
    ...validateSeccompMatch(template.metadata, template.spec, `${path}.spec`),
    ...validateAppArmorMatch(template.metadata, template.spec, `${path}.spec`),
    ...((template.spec.ephemeralContainers ?? []).length > 0
      ? [forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template')]
      : []),
  ]
}

/** A template of what runs for ever, and that its selector finds again. `owner` is the kind that the reference names. */
export function validateReplicatedTemplate(
  template: PodTemplateSpec | undefined,
  selector: Selector,
  owner: string,
  path: string,
): Cause[] {
  if (template === undefined) return [required(path)]
  const { labels } = template.metadata ?? {}
  const { restartPolicy, activeDeadlineSeconds } = template.spec
  const causes: Cause[] = []
  if ((selector.nothing || selector.requirements.length > 0) && !matches(selector, labels))
    causes.push(
      invalid(`${path}.metadata.labels`, shownAsGiven(template.metadata, 'labels'), '`selector` does not match template `labels`'),
    )
  causes.push(...validatePodTemplate(template, path))
  if (restartPolicy !== 'Always') causes.push(notSupported(`${path}.spec.restartPolicy`, restartPolicy, ['Always']))
  if (activeDeadlineSeconds !== undefined)
    causes.push(forbidden(`${path}.spec.activeDeadlineSeconds`, `activeDeadlineSeconds in ${owner} is not Supported`))
  return causes
}
