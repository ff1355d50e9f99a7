using NormKit.Cli.Reports;

namespace NormKit.Cli.Compare;

/// <summary>When each layer is the right choice, by published figures.</summary>
internal static class Guidance
{
    public static readonly ReportPart[] Parts =
    [
        new Heading("Which one to use"),
        new Paragraph(
            "convolutional networks trained on large batches. ImageNet, ResNet-50, validation error at 32 images per GPU: batch 23.6 %, "
                + "group 24.1 %, layer 25.3 %, instance 28.4 %. At 2 images per GPU batch norm rises to 34.7 %. A sample's output "
                + "depends on its batch in training, and on running statistics afterwards [1], figures [4].", "batch:"),
        new Paragraph(
            "sequences, recurrent networks and transformers: any batch size, the same in training and afterwards. Order-embeddings reach "
                + "their best model in 60 % of the baseline's time; for convolutional networks its authors, too, found batch norm better "
                + "[2].", "layer:"),
        new Paragraph(
            "style transfer, where the contrast of one image must not count: \"significant qualitative "
                + "improvement\", the paper gives no figure [3]. For classification it discards too much: 28.4 % against batch norm's "
                + "23.6 % above [4].", "instance:"),
        new Paragraph(
            "convolutional networks on small batches: detection, segmentation, video. ImageNet error at 2 images per GPU 24.1 % (32 "
                + "groups) where batch norm has 34.7 %; COCO Mask R-CNN from 38.6 / 34.5 to 40.8 / 36.1 box / mask AP in place of frozen "
                + "batch norm [4].", "group:"),
        new Paragraph("Ioffe, Szegedy 2015, arXiv:1502.03167", "[1]"),
        new Paragraph("Ba, Kiros, Hinton 2016, arXiv:1607.06450", "[2]"),
        new Paragraph("Ulyanov, Vedaldi, Lempitsky 2016, arXiv:1607.08022", "[3]"),
        new Paragraph("Wu, He 2018, arXiv:1803.08494", "[4]"),
    ];
}
