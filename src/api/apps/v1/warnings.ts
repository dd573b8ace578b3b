import { nameWarnings, podSpecWarnings } from '#api/core/v1/pod-warnings.ts'
import type { PodTemplateSpec } from '#api/core/v1/types.ts'
import { same } from '#api/strategy.ts'

interface HasTemplate {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly template: PodTemplateSpec }
}

/** Said at creation, and again when the spec changes. */
export function templateWarnings(object: HasTemplate, previous: HasTemplate | undefined): string[] {
  if (previous !== undefined && same(object.spec, previous.spec)) return []
  return [
    ...(previous === undefined ? nameWarnings(object.metadata.name, 'pods') : []),
    ...podSpecWarnings(object.spec.template.spec, 'spec.template'),
  ]
}
