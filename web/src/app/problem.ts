/** An RFC 9457 problem of the server, or that it could not be reached; `detail` is written for the person. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    /** The whole document: the facts of the text are members of their own. */
    readonly facts: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail)
  }
}

/** What went wrong, as a sentence. */
export function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
