/**
 * Freezes a plain value and all that it holds, in place, and returns it. What is frozen already is taken as frozen throughout; bytes cannot be
 * frozen and stay as they are.
 */
export function deepFreeze<T>(value: T): T {
  if (canFreeze(value)) freezeAll(value)
  return value
}

/** Every object that is read or written comes through here several times: lists by index, and no call for what is no object. */
function freezeAll(value: object): void {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1) if (canFreeze(value[i])) freezeAll(value[i])
  } else {
    for (const key in value) {
      const held = (value as Record<string, unknown>)[key]
      if (canFreeze(held)) freezeAll(held)
    }
  }
  Object.freeze(value)
}

const canFreeze = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Object.isFrozen(value) && !ArrayBuffer.isView(value)
