import { PodSpec, type PodTemplateSpec } from '#api/core/v1/types.ts'
import { goStruct } from '#api/go-struct.ts'

/** A template as the reference shows its own. */
export const goPodTemplate = ({ metadata, spec }: PodTemplateSpec): unknown => ({ ...metadata, Spec: goPodSpec(spec) })
/** A pod's spec as the reference shows its own. */
export const goPodSpec = (spec: PodTemplateSpec['spec']): unknown => goStruct(PodSpec, spec)
