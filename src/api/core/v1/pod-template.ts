import { isNewWish } from '#api/apps/v1/warnings.ts'
import { column, formatLabels } from '#api/columns.ts'
import { dropDisabledOfTemplate } from '#api/core/v1/disabled-projections.ts'
import { defaultPodTemplate } from '#api/core/v1/pod-defaults.ts'
import { podTemplateWarnings } from '#api/core/v1/pod-warnings.ts'
import * as types from '#api/core/v1/types.ts'
import { validatePodTemplate } from '#api/core/v1/validation/pod-template.ts'
import { kind } from '#api/kind.ts'
import { same } from '#api/strategy.ts'
import type { Of } from '#schema/schema.ts'

export const PodTemplate = kind(
  types.PodTemplate,
  {
    group: '',
    version: 'v1',
    kind: 'PodTemplate',
    plural: 'podtemplates',
    singular: 'podtemplate',
    scope: 'Namespaced',
    columns: [
      column<types.PodTemplate>('Containers', ({ template }) => (template.spec.containers ?? []).map(({ name }) => name).join(',')),
      column<types.PodTemplate>('Images', ({ template }) => (template.spec.containers ?? []).map(({ image }) => image ?? '').join(',')),
      column<types.PodTemplate>('Pod Labels', ({ template }) => formatLabels(template.metadata.labels)),
    ],
  },
  {
    returnsDeleted: true,
    dropDisabled: (next, previous, features) => ({
      ...next,
      template: dropDisabledOfTemplate(next.template, previous?.template, features),
    }),
    defaults: (object) => ({ ...object, template: defaultPodTemplate(object.template) }),
    validate: ({ template }) => validatePodTemplate(template, 'template'),
    validateUpdate: ({ template }) => validatePodTemplate(template, 'template'),
    warnings: (object, previous) => (isNewWish(object, previous) ? podTemplateWarnings(object.template, 'template') : []),
    generation: (next, previous) => !same(next.template, previous.template),
  },
)
export type PodTemplate = Of<typeof PodTemplate>
