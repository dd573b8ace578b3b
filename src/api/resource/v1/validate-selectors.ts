import { compileDeviceExpression } from '#api/resource/v1/device-expression.ts'
import type { DeviceSelector } from '#api/resource/v1/types.ts'
import { validateSlice } from '#api/resource/v1/validate-parts.ts'
import type { Cause } from '#lib/errors.ts'
import { required, tooLong } from '#schema/validate.ts'

/** What is wrong with the expressions that choose devices. */
export const validateSelectors = (selectors: readonly DeviceSelector[] | undefined, path: string): Cause[] =>
  validateSlice(selectors, SELECTORS_MAX, path, ({ cel }, at) =>
    cel === undefined ? [required(`${at}.cel`)] : validateExpression(cel.expression, `${at}.cel.expression`),
  )

const SELECTORS_MAX = 32
const EXPRESSION_LENGTH_MAX = 10 * 1024

function validateExpression(expression: string, path: string): Cause[] {
  if (Buffer.byteLength(expression) > EXPRESSION_LENGTH_MAX) return [tooLong(path, EXPRESSION_LENGTH_MAX)]
  const compiled = compileDeviceExpression(expression, path)
  return 'cause' in compiled ? [compiled.cause] : []
}
