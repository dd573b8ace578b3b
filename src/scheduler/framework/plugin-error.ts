import { isError, WherryError } from '#lib/errors.ts'

/** An error of a plug-in with the place where it came up before it, in the reference's words (framework/runtime/framework.go). */
export function pluginError(place: string, error: unknown): WherryError {
  const message = error instanceof Error ? error.message : String(error)
  return new WherryError(isError(error) ? error.code : 'InternalError', `${place}: ${message}`, { cause: error })
}
