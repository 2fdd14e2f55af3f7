// Cases of the NIST Cryptographic Algorithm Validation Program for AES-256-GCM with 96-bit nonces
// and 128-bit tags: the first of each combination of lengths.

/// One published case.
struct AESGCMVector: Sendable {
    let key: String
    let nonce: String
    let plaintext: String
    let additional: String
    let ciphertext: String
    let tag: String
}

extension AESGCMVector {
    /// Cases of encryption.
    static let encryption: [AESGCMVector] = [
        AESGCMVector(
            key: "b52c505a37d78eda5dd34f20c22540ea1b58963cf8e5bf8ffa85f9f2492505b4",
            nonce: "516c33929df5a3284ff463d7",
            plaintext: "",
            additional: "",
            ciphertext: "",
            tag: "bdc1ac884d332457a1d2664f168c76f0"
        ),
        AESGCMVector(
            key: "886cff5f3e6b8d0e1ad0a38fcdb26de97e8acbe79f6bed66959a598fa5047d65",
            nonce: "3a8efa1cd74bbab5448f9945",
            plaintext: "",
            additional: "519fee519d25c7a304d6c6aa1897ee1eb8c59655",
            ciphertext: "",
            tag: "f6d47505ec96c98a42dc3ae719877b87"
        ),
        AESGCMVector(
            key: "03ccb7dbc7b8425465c2c3fc39ed0593929ffd02a45ff583bd89b79c6f646fe9",
            nonce: "fd119985533bd5520b301d12",
            plaintext: "",
            additional: """
                98e68c10bf4b5ae62d434928fc6405147c6301417303ef3a703dcfd2c0c339a4d0a89bd2
                9fe61fecf1066ab06d7a5c31a48ffbfed22f749b17e9bd0dc1c6f8fbd6fd4587184db964
                d5456132106d782338c3f117ec05229b0899
                """,
            ciphertext: "",
            tag: "cf54e7141349b66f248154427810c87a"
        ),
        AESGCMVector(
            key: "31bdadd96698c204aa9ce1448ea94ae1fb4a9a0b3c9d773b51bb1822666b8f22",
            nonce: "0d18e06c7c725ac9e362e1ce",
            plaintext: "2db5168e932556f8089a0622981d017d",
            additional: "",
            ciphertext: "fa4362189661d163fcd6a56d8bf0405a",
            tag: "d636ac1bbedd5cc3ee727dc2ab4a9489"
        ),
        AESGCMVector(
            key: "83688deb4af8007f9b713b47cfa6c73e35ea7a3aa4ecdb414dded03bf7a0fd3a",
            nonce: "0b459724904e010a46901cf3",
            plaintext: "33d893a2114ce06fc15d55e454cf90c3",
            additional: "794a14ccd178c8ebfd1379dc704c5e208f9d8424",
            ciphertext: "cc66bee423e3fcd4c0865715e9586696",
            tag: "0fb291bd3dba94a1dfd8b286cfb97ac5"
        ),
        AESGCMVector(
            key: "80d755e24d129e68a5259ec2cf618e39317074a83c8961d3768ceb2ed8d5c3d7",
            nonce: "7598c07ba7b16cd12cf50813",
            plaintext: "5e7fd1298c4f15aa0f1c1e47217aa7a9",
            additional: """
                0e94f4c48fd0c9690c853ad2a5e197c5de262137b69ed0cdfa28d8d12413e4ffff15374e
                1cccb0423e8ed829a954a335ed705a272ad7f9abd1057c849bb0d54b768e9d79879ec552
                461cc04adb6ca0040c5dd5bc733d21a93702
                """,
            ciphertext: "5762a38cf3f2fdf3645d2f6696a7eead",
            tag: "8a6708e69468915c5367573924fe1ae3"
        ),
        AESGCMVector(
            key: "1fded32d5999de4a76e0f8082108823aef60417e1896cf4218a2fa90f632ec8a",
            nonce: "1f3afa4711e9474f32e70462",
            plaintext: """
                06b2c75853df9aeb17befd33cea81c630b0fc53667ff45199c629c8e15dce41e530aa792
                f796b8138eeab2e86c7b7bee1d40b0
                """,
            additional: "",
            ciphertext: """
                91fbd061ddc5a7fcc9513fcdfdc9c3a7c5d4d64cedf6a9c24ab8a77c36eefbf1c5dc00bc
                50121b96456c8cd8b6ff1f8b3e480f
                """,
            tag: "30096d340f3d5c42d82a6f475def23eb"
        ),
        AESGCMVector(
            key: "24501ad384e473963d476edcfe08205237acfd49b5b8f33857f8114e863fec7f",
            nonce: "9ff18563b978ec281b3f2794",
            plaintext: """
                27f348f9cdc0c5bd5e66b1ccb63ad920ff2219d14e8d631b3872265cf117ee86757accb1
                58bd9abb3868fdc0d0b074b5f01b2c
                """,
            additional: "adb5ec720ccf9898500028bf34afccbcaca126ef",
            ciphertext: """
                eb7cb754c824e8d96f7c6d9b76c7d26fb874ffbf1d65c6f64a698d839b0b06145dae8205
                7ad55994cf59ad7f67c0fa5e85fab8
                """,
            tag: "bc95c532fecc594c36d1550286a7a3f0"
        ),
        AESGCMVector(
            key: "148579a3cbca86d5520d66c0ec71ca5f7e41ba78e56dc6eebd566fed547fe691",
            nonce: "b08a5ea1927499c6ecbfd4e0",
            plaintext: """
                9d0b15fdf1bd595f91f8b3abc0f7dec927dfd4799935a1795d9ce00c9b879434420fe42c
                275a7cd7b39d638fb81ca52b49dc41
                """,
            additional: """
                e4f963f015ffbb99ee3349bbaf7e8e8e6c2a71c230a48f9d59860a29091d2747e01a5ca5
                72347e247d25f56ba7ae8e05cde2be3c97931292c02370208ecd097ef692687fecf2f419
                d3200162a6480a57dad408a0dfeb492e2c5d
                """,
            ciphertext: """
                2097e372950a5e9383c675e89eea1c314f999159f5611344b298cda45e62843716f215f8
                2ee663919c64002a5c198d7878fd3f
                """,
            tag: "adbecdb0d5c2224d804d2886ff9a5760"
        ),
    ]

    /// Cases that must be refused.
    static let refused: [AESGCMVector] = [
        AESGCMVector(
            key: "e5a8123f2e2e007d4e379ba114a2fb66e6613f57c72d4e4f024964053028a831",
            nonce: "51e43385bf533e168427e1ad",
            plaintext: "",
            additional: "",
            ciphertext: "",
            tag: "38fe845c66e66bdd884c2aecafd280e6"
        ),
        AESGCMVector(
            key: "eb49e7065fd7f9b49d198b43d40653a20656fc44b304a716f4c5f9fb586ef073",
            nonce: "1301a9d18481ba7841d9ccce",
            plaintext: "",
            additional: """
                71693a9e655ea0dc084a7bc9ae91a98743adcd77fa9185bd0adcb4c18e67ff752b6a476e
                8100bded46c7ac2327cf3e804cda520e535bc62ffe19f5f46b866d70cf99e8ce3dbbfd9f
                40c755859b48bdf2d967a501a58f1c739974
                """,
            ciphertext: "",
            tag: "5be6d5030b8afb923e3f8ef2767f4e93"
        ),
        AESGCMVector(
            key: "c997768e2d14e3d38259667a6649079de77beb4543589771e5068e6cd7cd0b14",
            nonce: "835090aed9552dbdd45277e2",
            plaintext: "",
            additional: "",
            ciphertext: "9f6607d68e22ccf21928db0986be126e",
            tag: "f32617f67c574fd9f44ef76ff880ab9f"
        ),
        AESGCMVector(
            key: "76a75e06f485ac3838993c635faf17bdc8f914a1d341e5bba014de44c37c2340",
            nonce: "acf54108e67dab53a4274a55",
            plaintext: "",
            additional: """
                863f751d65431b3aed0f09cef3bdaf81668e4790eed7de202c2edf35b09b57489c5c3184
                674718e9a06df5cb5d8ea5e24c5979081bac6a4ce78bada842633f2b06c12c54152be4db
                8d4925dfb5eb7c35b4c2e7065fe96fb23814
                """,
            ciphertext: "b8c8429142a34305a463ba394c6c813c",
            tag: "0267cff29f96e625dee8cb4ab29b6448"
        ),
        AESGCMVector(
            key: "28ae911ee685872d906de12d7696351df8ef2234a74a95efa4ea15b327338fe0",
            nonce: "2fe6a815d4865181fade5fac",
            plaintext: "",
            additional: "",
            ciphertext: """
                1168442ef64656ef6577fb42c1919c84aae856388e4db9945bb8c9b8412bbe6458bc4004
                44d5d2bf2630f83468f66f9e46e790
                """,
            tag: "b75f616fd1a3d6563b62b899e5a7e522"
        ),
        AESGCMVector(
            key: "e36aca93414b13f5313e76a7244588ee116551d1f34c32859166f2eb0ac1a9b7",
            nonce: "e9e701b1ccef6bddd03391d8",
            plaintext: "",
            additional: """
                6a08fe6e55a08f283cec4c4b37676e770f402af6102f548ad473ec6236da764f7076ffd4
                1bbd9611b439362d899682b7b0f839fc5a68d9df54afd1e2b3c4e7d072454ee27111d521
                93d28b9c4f925d2a8b451675af39191a2cba
                """,
            ciphertext: """
                5b059ac6733b6de0e8cf5b88b7301c02c993426f71bb12abf692e9deeacfac1ff1644c87
                d4df130028f515f0feda636309a24d
                """,
            tag: "43c7c9c93cc265fc8e192000e0417b5b"
        ),
    ]
}
