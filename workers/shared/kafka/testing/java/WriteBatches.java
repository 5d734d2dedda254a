import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.TimestampType;

/**
 * Writes record batches by the Java client's own encoder: every codec in every format, each to a file of its own, for
 * java-batches.test.ts. They are checked in, since a JDK is not there everywhere:
 *
 *   java -cp ".tools/kafka-…/*" workers/shared/kafka/testing/java/WriteBatches.java DIRECTORY
 */
public class WriteBatches {
  static final int COUNT = 40;

  public static void main(String[] args) throws Exception {
    Path directory = Path.of(args[0]);
    for (byte magic = 0; magic <= 2; magic++) {
      for (CompressionType type : CompressionType.values()) {
        // zstd came with the current format.
        if (magic < 2 && type == CompressionType.ZSTD) continue;
        Path file = directory.resolve("v" + magic + "-" + type.name + ".bin");
        Files.write(file, records(magic, type, 100));
      }
    }
  }

  static byte[] records(byte magic, CompressionType type, long offset) {
    MemoryRecordsBuilder builder =
        MemoryRecords.builder(
            ByteBuffer.allocate(1 << 20), magic, Compression.of(type).build(), TimestampType.CREATE_TIME, offset);
    for (int i = 0; i < COUNT; i++) append(builder, magic, i);
    return bytes(builder.build());
  }

  static void append(MemoryRecordsBuilder builder, byte magic, int i) {
    byte[] key = i % 3 == 0 ? null : text("key " + i);
    byte[] value = i % 7 == 0 ? null : text(("value " + i + " ").repeat(i));
    Header[] headers =
        magic < 2 || i % 2 == 0
            ? new Header[0]
            : new Header[] {new RecordHeader("h", text("" + i)), new RecordHeader("none", (byte[]) null)};
    long time = magic == 0 ? RecordBatch.NO_TIMESTAMP : 1_700_000_000_000L + i;
    builder.append(time, key, value, headers);
  }

  static byte[] bytes(MemoryRecords records) {
    byte[] bytes = new byte[records.sizeInBytes()];
    records.buffer().duplicate().get(bytes);
    return bytes;
  }

  static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
