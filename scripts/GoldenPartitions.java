import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.utils.AppInfoParser;

/**
 * Prints, as JSON, the partition that the Java client's default partitioning gives to keys of 0 to 64 bytes.
 * The seed is fixed: the same client prints the same bytes.
 */
public final class GoldenPartitions {
    private static final int[] PARTITION_COUNTS = {1, 2, 3, 4, 6, 7, 12, 50, 1000};
    private static final int LONGEST = 64;
    private static final Random RANDOM = new Random(20_190_423L);
    /** Two, three and four bytes in UTF-8. */
    private static final String[] WIDE = {"ß", "é", "Ж", "ñ", "漢", "€", "ह", "🦆", "𝄞"};

    public static void main(String[] arguments) {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        out.println("{");
        out.printf("  \"client\": \"Apache Kafka Java client %s\",%n", AppInfoParser.getVersion());
        out.printf("  \"partitionCounts\": %s,%n", Arrays.toString(PARTITION_COUNTS));
        out.println("  \"rows\": [");
        out.println(keys().stream().map(GoldenPartitions::row).collect(Collectors.joining(",\n")));
        out.println("  ]");
        out.println("}");
        out.flush();
    }

    private static List<byte[]> keys() {
        List<byte[]> keys = new ArrayList<>();
        keys.add(new byte[0]);
        for (int length = 1; length <= LONGEST; length++) {
            keys.add(ascii(length));
            if (length > 1) keys.add(wide(length));
            keys.add(binary(length));
            keys.add(filled(length, (byte) 0));
            keys.add(filled(length, (byte) 0xff));
        }
        return keys;
    }

    private static byte[] ascii(int length) {
        byte[] key = new byte[length];
        for (int i = 0; i < length; i++) key[i] = (byte) (' ' + RANDOM.nextInt('~' - ' ' + 1));
        return key;
    }

    /** Valid UTF-8 of exactly so many bytes; what no wide character fits into is filled with letters. */
    private static byte[] wide(int length) {
        StringBuilder text = new StringBuilder();
        int left = length;
        while (left > 0) {
            String next = WIDE[RANDOM.nextInt(WIDE.length)];
            int size = next.getBytes(StandardCharsets.UTF_8).length;
            if (left == 1) next = "x";
            else if (size > left) continue;
            text.append(next);
            left -= next.getBytes(StandardCharsets.UTF_8).length;
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** Any bytes, NUL and 0xff always among them where there is room. */
    private static byte[] binary(int length) {
        byte[] key = new byte[length];
        RANDOM.nextBytes(key);
        if (length > 1) {
            int position = RANDOM.nextInt(length);
            key[position] = 0;
            key[(position + 1 + RANDOM.nextInt(length - 1)) % length] = (byte) 0xff;
        }
        return key;
    }

    private static byte[] filled(int length, byte value) {
        byte[] key = new byte[length];
        Arrays.fill(key, value);
        return key;
    }

    private static String row(byte[] key) {
        String partitions = IntStream.of(PARTITION_COUNTS)
            .mapToObj(count -> Integer.toString(BuiltInPartitioner.partitionForKey(key, count)))
            .collect(Collectors.joining(", "));
        return String.format("    { \"key\": \"%s\", \"partitions\": [%s] }",
            Base64.getEncoder().encodeToString(key), partitions);
    }
}
