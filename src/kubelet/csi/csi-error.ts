import { WherryError } from '#lib/errors.ts'

/** The plug-in's name; the reference puts it before what it says itself. */
export const csiPluginName = 'kubernetes.io/csi'

/** An error of the kubelet's half of CSI, in the reference's form. */
export const csiError = (code: WherryError['code'], message: string, cause?: unknown): WherryError =>
  new WherryError(code, `${csiPluginName}: ${message}`, { cause })

/**
 * Whether the driver is certainly done with what it was asked: it refused or failed. Otherwise (no answer in time, connection lost, another
 * call for the volume under way) it may still be at it, or have done it (CSI spec, "Error Scheme"; gRPC status codes).
 */
export function isFinal(error: unknown): boolean {
  const code = rpcCodeOf(error)
  return code !== undefined && !openCodes.has(code)
}

/** The driver can never make the volume that large. */
export const isInfeasible = (error: unknown): boolean => infeasibleCodes.has(rpcCodeOf(error) ?? '')

/** The driver expands no volume while it is in use (CSI spec, "ControllerExpandVolume Errors"). */
export const isInUse = (error: unknown): boolean => rpcCodeOf(error) === 'FailedPrecondition'

/** The name of the status code with which a call ended, as Go prints it; undefined for what was no answer to a call. */
export function rpcCodeOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const code = /^rpc error: code = (\w+) desc = /.exec(at.message)?.[1]
    if (code !== undefined) return code
  }
  return undefined
}

const openCodes: ReadonlySet<string> = new Set(['Canceled', 'DeadlineExceeded', 'Unavailable', 'ResourceExhausted', 'Aborted'])
const infeasibleCodes: ReadonlySet<string> = new Set(['InvalidArgument', 'OutOfRange', 'NotFound'])
