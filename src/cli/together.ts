/** What all of them come to, once all have ended, so that nothing goes on behind an error's back; then the first failure is thrown. */
export async function together<T>(works: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(works)
  return Promise.all(works)
}
