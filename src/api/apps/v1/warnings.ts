import { nameWarnings, podTemplateWarnings } from '#api/core/v1/pod-warnings.ts'
import type { PodTemplateSpec } from '#api/core/v1/types.ts'

interface HasGeneration {
  readonly metadata: { readonly name: string; readonly generation?: number | undefined }
}
interface HasTemplate extends HasGeneration {
  readonly spec: { readonly template: PodTemplateSpec }
}

/** Said at creation, and again when the wish changes. */
export function templateWarnings(object: HasTemplate, previous: HasTemplate | undefined): string[] {
  if (!isNewWish(object, previous)) return []
  return [
    ...(previous === undefined ? nameWarnings(object.metadata.name, 'pods') : []),
    ...podTemplateWarnings(object.spec.template, 'spec.template'),
  ]
}

/** Whether the write is a creation or raised the generation. */
export const isNewWish = ({ metadata }: HasGeneration, previous: HasGeneration | undefined): boolean =>
  previous === undefined || metadata.generation !== previous.metadata.generation
