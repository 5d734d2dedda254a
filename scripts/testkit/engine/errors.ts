/** ClickHouse's numbers for the errors this front raises itself. */
export const CODE = {
  syntaxError: 62,
  notImplemented: 48,
  unknownSetting: 115,
  unknownParameter: 456,
  authenticationFailed: 516,
  unknownException: 1002,
} as const;

/** An error as ClickHouse reports it: a stable number, a name and a text. */
export class EngineError extends Error {
  readonly retry = false;

  constructor(
    /** ClickHouse's error number. */
    readonly code: number,
    /** The whole `Code: N. DB::Exception: …` line. */
    message: string,
  ) {
    super(message);
  }

  /** Builds the line from its parts. */
  static of(code: number, name: string, text: string): EngineError {
    return new EngineError(code, `Code: ${code}. DB::Exception: ${text}. (${name})`);
  }
}

/** Turns what the engine's binding threw into an EngineError; anything else is passed on unchanged. */
export function toEngineError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof EngineError) return error;
  if (!("clickhouseCode" in error)) return error;
  const code = typeof error.clickhouseCode === "number" ? error.clickhouseCode : CODE.unknownException;
  return new EngineError(code, error.message);
}

// As ClickHouse 26.7 maps them; `SELECT errorCodeToName(62)` names a number.
const STATUS: ReadonlyMap<number, number> = new Map(
  Object.entries({
    // bad arguments, values that do not parse, syntax
    400: [6, 8, 15, 25, 26, 27, 36, 37, 38, 41, 44, 53, 62, 72, 117, 123, 167, 168, 223, 321, 376, 427, 441, 675, 676],
    401: [194],
    403: [192, 193, 497, 512, 516],
    // unknown table, function, identifier, type, engine, database, setting, format …
    404: [46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511],
    408: [159],
    411: [381],
    413: [229],
    415: [779],
    501: [48],
    503: [76, 209, 439],
  }).flatMap(([status, codes]) => codes.map((code) => [code, Number(status)] as const)),
);

/** The HTTP status a ClickHouse server answers with for an error number; 500 for most. */
export function httpStatus(code: number): number {
  return STATUS.get(code) ?? 500;
}
