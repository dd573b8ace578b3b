import { no, type Verdict, yes } from './conditions.ts'
import { supportedFeatures } from './features.ts'
import { bundleVersion, controllerName } from './names.ts'
import type { GatewayClass } from './types.ts'

/** What is to be said of a GatewayClass of ours. */
export interface ClassJudgement {
  readonly class: GatewayClass
  /** Whether Gateways of the class are served. */
  readonly isAccepted: boolean
  readonly verdicts: readonly Verdict[]
  /** Undefined: the definitions that are there have no place for them. */
  readonly features: readonly string[] | undefined
}

/** Types of conditions of a GatewayClass that its controller sets. */
export const classConditions: ReadonlySet<string> = new Set(['Accepted', 'SupportedVersion'])

/** Judges the classes that name this router. Definitions of another release are served as well as they can be, and the class says so. */
export function judgeClasses(classes: readonly GatewayClass[], bundleVersions: readonly string[]): readonly ClassJudgement[] {
  const strange = [...new Set(bundleVersions.filter((version) => !isKnown(version)))].map((version) => version || 'none')
  const version =
    strange.length === 0
      ? yes('SupportedVersion')
      : no(
          'SupportedVersion',
          'UnsupportedVersion',
          `Definitions of version ${strange.join(', ')} are installed; versions from v1.1 to ${bundleVersion} are known. Others are served as far as they are alike`,
        )
  const features = bundleVersions.every((one) => minorOf(one) >= featuresMinor) ? supportedFeatures : undefined
  return classes
    .filter(({ spec }) => spec.controllerName === controllerName)
    .map((one) => {
      const isAccepted = one.spec.parametersRef === undefined
      const accepted = isAccepted
        ? yes('Accepted')
        : no('Accepted', 'InvalidParameters', 'This router takes no parameters: leave spec.parametersRef out')
      return { class: one, isAccepted, verdicts: [accepted, version], features }
    })
}

/** From v1.1 on GRPCRoute is a part of v1; later releases only added to it. */
const isKnown = (version: string): boolean => minorOf(version) >= 1 && minorOf(version) <= newestMinor

/** Of `v1.N.x`; NaN for all else. */
const minorOf = (version: string): number => Number(/^v1\.(\d+)\.\d+$/.exec(version)?.[1] ?? Number.NaN)
const newestMinor = minorOf(bundleVersion)
/** The first release whose standard channel has `status.supportedFeatures`. */
const featuresMinor = 4
